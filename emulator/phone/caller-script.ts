import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import type { Utterance } from './caller-events.ts';
import { type CallerRequests, pcmOfWav } from './caller-requests.ts';

/** What to say, as it stood on the command line. */
export type Line = { readonly say: string } | { readonly wav: string };

const CUT_IN: Line = { say: 'Stop, wait a second.' };

/**
 * Makes sound of the lines, in their order. Where the caller is to cut in and there is nothing to cut in with, it says
 * "Stop, wait a second."
 * @throws {ParleyError} where a file cannot be read, or the emulator cannot speak
 */
export async function loadUtterances(
  lines: readonly Line[],
  options: { readonly cutsIn: boolean; readonly voice: string; readonly requests: CallerRequests },
): Promise<Utterance[]> {
  const all = options.cutsIn && lines.length === 1 ? [...lines, CUT_IN] : lines;
  const utterances: Utterance[] = [];
  for (const line of all) {
    const pcm = 'say' in line ? await options.requests.speech(line.say, options.voice) : await readWav(line.wav);
    utterances.push({ label: 'say' in line ? line.say : `(${basename(line.wav)})`, pcm });
  }
  return utterances;
}

async function readWav(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new ConfigError(`--wav ${file} cannot be read: ${messageOf(error)}`);
  });
  return pcmOfWav(bytes);
}
