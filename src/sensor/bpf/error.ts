/** What went wrong with BPF, why, and what to do, in one message. */
export class BpfError extends Error {
  /** The errno's name (`EPERM`), or what was not as it has to be (`BTF`, `NAMESPACE`, …). */
  readonly code: string;

  /** `log` are the last lines of the verifier's log, when it was the one that refused. */
  constructor(code: string, what: string, hint: string, log = '') {
    super(`${what}; ${hint}${log === '' ? '' : `. The verifier's last lines:\n${log}`}`);
    this.name = 'BpfError';
    this.code = code;
  }
}
