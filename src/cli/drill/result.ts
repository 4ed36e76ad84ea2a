/** What a drill gives, stage by stage. */
export type Stage = 'sense' | 'plant' | 'detect' | 'investigate' | 'plan' | 'remove' | 'undo' | 'remove-again' | 'clean';

export interface DrillStep {
  id: Stage;
  ok: boolean;
  ms: number;
  summary: string;
}

/** What `drill --json` prints. */
export interface DrillResult {
  unit: string;
  path: string | null;
  detected: boolean;
  /** From the birth of the file to the alert. */
  detection_ms: number | null;
  attribution: string | null;
  executable: string | null;
  command_line: string | null;
  user: string | null;
  engine: string;
  investigation: { queries: number; failed: number; skipped: number };
  removed: boolean;
  undone: boolean;
  /** Nothing of the drill is left and all that was there before still is. */
  clean: boolean;
  steps: DrillStep[];
}
