import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import type { Utterance } from './caller-events.ts';
import { type CallerRequests, pcmOfWav } from './caller-requests.ts';

/** What to say, as it stood on the command line. */
export type Line =
  | { readonly say: string }
  | { readonly wav: string }
  | { readonly questions: string }
  | { readonly keys: string }
  | { readonly waitMs: number };

const NOTHING = new Uint8Array(0);
const CUT_IN = 'Stop, wait a second.';

/**
 * Makes sound of the lines, in their order. Where the caller is to cut in and there is nothing to cut in with, it says
 * "Stop, wait a second."
 * @throws {ConfigError} a file that cannot be read, or has nothing in it
 * @throws {ParleyError} where the emulator cannot speak
 */
export async function loadUtterances(
  lines: readonly Line[],
  options: {
    readonly cutsIn: boolean;
    readonly voice: string;
    readonly requests: Pick<CallerRequests, 'speech'>;
  },
): Promise<Utterance[]> {
  const utterances: Utterance[] = [];
  const say = async (text: string) => {
    utterances.push({ label: text, pcm: await options.requests.speech(text, options.voice) });
  };
  for (const line of lines) {
    if ('say' in line) await say(line.say);
    else if ('keys' in line) utterances.push({ label: `(keys ${line.keys})`, pcm: NOTHING, keys: line.keys });
    else if ('waitMs' in line) utterances.push({ label: '(waits)', pcm: NOTHING, waitMs: line.waitMs });
    else if ('wav' in line) utterances.push({ label: `(${basename(line.wav)})`, pcm: await readWav(line.wav) });
    else for (const text of await readQuestions(line.questions)) await say(text);
  }
  if (options.cutsIn && utterances.length === 1) await say(CUT_IN);
  return utterances;
}

async function readWav(file: string): Promise<Uint8Array> {
  try {
    return pcmOfWav(await readFile(file));
  } catch (error) {
    throw new ConfigError(`--wav ${file} cannot be used: ${messageOf(error)}`);
  }
}

/** One a line; empty ones and those that begin with # are left out. */
async function readQuestions(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigError(`--questions ${file} cannot be read: ${messageOf(error)}`);
  });
  const lines = text.split('\n').map((line) => line.trim());
  const questions = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (questions.length === 0) throw new ConfigError(`--questions ${file} has no question in it: write one a line.`);
  return questions;
}
