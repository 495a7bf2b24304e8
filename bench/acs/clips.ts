import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { Voices } from '../../emulator/speech/voices.ts';
import { BYTES_PER_MS, FRAME_BYTES, samplesOf } from '../../shared/audio/pcm.ts';

/** Something that a caller says: whole frames of 20 ms that begin with the first audible sound and end with the last. */
export interface Clip {
  readonly kind: 'turn' | 'interruption';
  readonly text: string;
  readonly words: readonly { readonly text: string; readonly endMs: number }[];
  readonly pcm: Buffer;
}

const VOICES = ['slt', 'rms', 'awb'];
const TURNS = [
  'Hello, I would like to know what has become of my order.',
  'Can you tell me when the parcel will arrive at my house?',
  'I want to change the delivery day to Friday, please.',
  'Do you still have the red tent that was in the window?',
];
const INTERRUPTIONS = [
  'Wait, that is not what I asked for.',
  'No, stop please, I meant the other order.',
  'Sorry, can I ask you something else?',
  'Hold on, tell me about the price instead.',
];
const AGENT_PASSAGE =
  'Thank you for waiting. Your parcel has left our house in the early morning and is on its way to you. ' +
  'The driver will ring twice at the door, and leave a card in case nobody answers. You can follow the parcel on ' +
  'the map at any time, and change the place or the day until the evening before. Is there anything else today?';

/** A sample louder than this is audible: -34 dBFS. */
const AUDIBLE = 650;
const INDEX_FILE = 'clips.json';
const AGENT_FILE = 'agent.pcm';

interface IndexEntry {
  readonly kind: Clip['kind'];
  readonly text: string;
  readonly words: Clip['words'];
  readonly file: string;
}

/** Makes what the callers and the agent say with the emulator's voices, and leaves it in a folder for other processes. */
export async function makeClips(folder: string): Promise<void> {
  const voices = await Voices.start({ log: pino({ level: 'silent' }) });
  try {
    const index: IndexEntry[] = [];
    const said = [
      ...TURNS.map((text) => ({ kind: 'turn' as const, text })),
      ...INTERRUPTIONS.map((text) => ({ kind: 'interruption' as const, text })),
    ];
    for (const { kind, text } of said) {
      for (const voice of VOICES) {
        const clip = await voices.speak(text, voice);
        const { startMs, pcm } = trim(clip.pcm);
        const words = clip.words.map((word) => ({ text: word.text, endMs: word.startMs + word.durationMs - startMs }));
        const file = `${kind}-${index.length}.pcm`;
        await writeFile(join(folder, file), pcm);
        index.push({ kind, text, words, file });
      }
    }
    await writeFile(join(folder, AGENT_FILE), (await voices.speak(AGENT_PASSAGE, 'slt')).pcm);
    await writeFile(join(folder, INDEX_FILE), JSON.stringify(index));
  } finally {
    await voices.close();
  }
}

export async function readClips(folder: string): Promise<Clip[]> {
  const index = JSON.parse(await readFile(join(folder, INDEX_FILE), 'utf8')) as IndexEntry[];
  return Promise.all(index.map(async ({ file, ...clip }) => ({ ...clip, pcm: await readFile(join(folder, file)) })));
}

/** What the agent's voice sounds like: PCM, some twenty seconds. */
export const readAgentVoice = (folder: string): Promise<Buffer> => readFile(join(folder, AGENT_FILE));

/** Cuts the silence off both ends, so that the onset is where the clip begins; fills the last frame up. */
function trim(pcm: Uint8Array): { startMs: number; pcm: Buffer } {
  const samples = samplesOf(pcm);
  const isAudible = (sample: number) => Math.abs(sample) > AUDIBLE;
  const first = Math.max(0, samples.findIndex(isAudible));
  const last = samples.findLastIndex(isAudible);
  const audible = pcm.subarray(first * 2, (last + 1) * 2);
  const whole = Buffer.alloc(Math.ceil(audible.length / FRAME_BYTES) * FRAME_BYTES);
  whole.set(audible);
  return { startMs: (first * 2) / BYTES_PER_MS, pcm: whole };
}
