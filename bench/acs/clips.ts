import { bytesOf, FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { toInt16 } from '../corpus/signal.ts';
import { Speaker } from '../corpus/speaker.ts';
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

/** Makes what the callers and the agent say. Deterministic. */
export async function makeClips(): Promise<Clips> {
  const speaker = await Speaker.load();
  speaker.learn([...TEXTS.turn, ...TEXTS.interruption, AGENT_PASSAGE]);
  const callers = (['turn', 'interruption'] as const).flatMap((kind) =>
    TEXTS[kind].flatMap((text) =>
      VOICES.map((voice): Clip => {
        const { samples, words } = speaker.speak(text, voice);
        const sound = bytesOf(toInt16(samples));
        const pcm = new Uint8Array(Math.ceil(sound.length / FRAME_BYTES) * FRAME_BYTES);
        pcm.set(sound);
        return { kind, text, words: words.map((word) => ({ text: word.text, endMs: word.endMs })), pcm };
      }),
    ),
  );
  return { callers, agent: { text: AGENT_PASSAGE, samples: toInt16(speaker.speak(AGENT_PASSAGE, 'slt').samples) } };
}
