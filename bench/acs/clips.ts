import { FRAME_BYTES, toPcm16 } from '../../shared/audio/pcm.ts';
import { Speaker } from '../corpus/speaker.ts';
import { agentClip, type VoiceClip } from '../harness/spoken.ts';

/** Something that a caller says: whole frames of 20 ms that begin with the first audible sound and end with the last. */
export interface Clip {
  readonly kind: 'turn' | 'interruption';
  readonly text: string;
  readonly words: readonly { readonly text: string; readonly endMs: number }[];
  readonly pcm: Uint8Array;
}

export interface Clips {
  readonly callers: readonly Clip[];
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

/** Makes what the callers and the agent say. Deterministic. */
export async function makeClips(): Promise<Clips> {
  const speaker = await Speaker.load();
  const callers = (['turn', 'interruption'] as const).flatMap((kind) =>
    TEXTS[kind].flatMap((text) =>
      VOICES.map((voice): Clip => {
        const { samples, words } = speaker.speak(text, voice);
        const audible = toPcm16(samples);
        const pcm = new Uint8Array(Math.ceil(audible.length / FRAME_BYTES) * FRAME_BYTES);
        pcm.set(audible);
        return { kind, text, words, pcm };
      }),
    ),
  );
  return { callers, agent: await agentClip() };
}
