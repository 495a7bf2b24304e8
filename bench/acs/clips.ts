import { pino } from 'pino';
import { Voices } from '../../emulator/speech/voices.ts';
import { BYTES_PER_MS, FRAME_BYTES, samplesOf } from '../../shared/audio/pcm.ts';
import type { VoiceClip } from '../harness/spoken.ts';

/** Something that a caller says: whole frames of 20 ms that begin with the first audible sound and end with the last. */
export interface Clip {
  readonly kind: 'turn' | 'interruption';
  readonly text: string;
  readonly words: readonly { readonly text: string; readonly endMs: number }[];
  readonly pcm: Uint8Array;
}

export interface Clips {
  readonly callers: readonly Clip[];
  /** The agent's canned voice, some twenty seconds. */
  readonly agent: VoiceClip;
}

const VOICES = ['slt', 'rms', 'awb'];
const TEXTS = {
  turn: [
    'Hello, I would like to know what has become of my order.',
    'Can you tell me when the parcel will arrive at my house?',
    'I want to change the delivery day to Friday, please.',
    'Do you still have the red tent that was in the window?',
  ],
  interruption: [
    'Wait, that is not what I asked for.',
    'No, stop please, I meant the other order.',
    'Sorry, can I ask you something else?',
    'Hold on, tell me about the price instead.',
  ],
} as const;
const AGENT_PASSAGE =
  'Thank you for waiting. Your parcel has left our house in the early morning and is on its way to you. ' +
  'The driver will ring twice at the door, and leave a card in case nobody answers. You can follow the parcel on ' +
  'the map at any time, and change the place or the day until the evening before. Is there anything else today?';

/** A sample louder than this is audible: -34 dBFS. */
const AUDIBLE = 650;

/** Makes what the callers and the agent say with the emulator's voices. Deterministic. */
export async function makeClips(): Promise<Clips> {
  const voices = await Voices.start({ log: pino({ level: 'silent' }) });
  try {
    const callers: Clip[] = [];
    for (const kind of ['turn', 'interruption'] as const) {
      for (const [text, voice] of TEXTS[kind].flatMap((said) => VOICES.map((name) => [said, name] as const))) {
        const clip = await voices.speak(text, voice);
        const { startMs, pcm } = trim(clip.pcm);
        const words = clip.words.map((word) => ({ text: word.text, endMs: word.startMs + word.durationMs - startMs }));
        callers.push({ kind, text, words, pcm });
      }
    }
    const agent = samplesOf((await voices.speak(AGENT_PASSAGE, 'slt')).pcm);
    return { callers, agent: { text: AGENT_PASSAGE, samples: agent } };
  } finally {
    await voices.close();
  }
}

/** Cuts the silence off both ends, so that the onset is where the clip begins; fills the last frame up. */
function trim(pcm: Uint8Array): { startMs: number; pcm: Uint8Array } {
  const samples = samplesOf(pcm);
  const isAudible = (sample: number) => Math.abs(sample) > AUDIBLE;
  const first = Math.max(0, samples.findIndex(isAudible));
  const audible = pcm.subarray(first * 2, (samples.findLastIndex(isAudible) + 1) * 2);
  const whole = new Uint8Array(Math.ceil(audible.length / FRAME_BYTES) * FRAME_BYTES);
  whole.set(audible);
  return { startMs: (first * 2) / BYTES_PER_MS, pcm: whole };
}
