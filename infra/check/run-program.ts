import { execFile } from 'node:child_process';

export interface ProgramResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const LONGEST_MS = 300_000;
const MOST_OUTPUT_BYTES = 256 * 1024 * 1024;

/** Runs a program to its end; one that can't be started, or takes longer than five minutes, has failed. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { ...options, timeout: LONGEST_MS, maxBuffer: MOST_OUTPUT_BYTES },
      (error, stdout, stderr) => resolve({ ok: error === null, stdout, stderr: stderr || (error?.message ?? '') }),
    );
  });
}
