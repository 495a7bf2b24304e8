import { fileURLToPath } from 'node:url';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import type { SubjectCommand } from '../harness/subject-process.ts';

const inFolder = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const node = (
  name: string,
  file: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): SubjectCommand => ({
  name,
  program: process.execPath,
  args: [...flags, '--expose-gc', '--disable-warning=ExperimentalWarning', inFolder(file), ...args],
});

/** Started as the stream host is. */
export const parleyCommand = (): SubjectCommand => node('parley', './parley/main.ts', [], STREAM_HOST_FLAGS);
export const emptyCommand = (): SubjectCommand => node('empty', './empty/main.ts');
/** @param folder as `installLiveKit` gives it */
export const livekitCommand = (folder: string): SubjectCommand =>
  node('livekit', './livekit/main.ts', [`--folder=${folder}`]);
/** @param python as `installPipecat` gives it. `-B`: it leaves no compiled files beside the source. */
export const pipecatCommand = (python: string): SubjectCommand => ({
  name: 'pipecat',
  program: python,
  args: ['-B', inFolder('./pipecat/main.py')],
});
