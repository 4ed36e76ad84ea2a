/** One line of what `doctor` reports; `fix` is null where there is nothing to mend or to gain. */
export interface Finding {
  check: string;
  ok: boolean;
  found: string;
  fix: string | null;
}
