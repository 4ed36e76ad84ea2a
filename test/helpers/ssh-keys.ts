/** Public keys, as they stand in authorized_keys. Nobody has what opens them. */
export const EVIL_KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIGj2+Bk0Y8sSpHn0Jkc1sX7bS2kzvTn3vVq8q0o2y3yX';
export const GOOD_KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
