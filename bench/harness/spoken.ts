import { Flite } from '../../emulator/speech/flite.ts';
import { bytesOf, FRAME_SAMPLES, rmsOf, SAMPLES_PER_MS } from '../../shared/audio/pcm.ts';
import type { Playback } from './call.ts';

/** As loud as a vowel: -26 dBFS. */
const VOICED_RMS = 0.05;
const TEXT = 'Wait, I meant the other order, please.';
const WORDS = 'wait i meant the other order please';

/** A long answer, as an agent of a shop might give it: sentences and clauses of usual length, no markup. */
export const LONG_ANSWER = [
  'Sure, I can help you with that, let me tell you how it works from the beginning.',
  'Your parcel left our warehouse on Monday evening, and the carrier scanned it this morning in the depot nearest to you.',
  'The driver usually comes between nine and twelve, so you should have it before lunch on Thursday.',
  'If nobody is at home, the driver leaves a card and takes the parcel to the shop on the corner, where it waits for a week.',
  'You can also name a neighbour, a garage or any other safe place, and the parcel will be left there without a signature.',
  'Should anything be damaged, please take a picture of the box before you open it, and send it to us within two days.',
  'We then send a replacement the same afternoon, free of charge, and a colleague collects the broken one whenever it suits you.',
  'Returns are just as easy, because the label is already in the box, under the invoice on top.',
  'Once the return has arrived, the money is back on your account after three working days at the latest.',
  'Finally, you will get a short message tonight with everything that I have just said, so there is no need to write it down.',
].join(' ');

/** What an agent answers in a conversation of many turns: short enough to be heard to its end. */
export const SHORT_ANSWER = LONG_ANSWER.slice(0, LONG_ANSWER.indexOf('.', 120) + 1);

/** What the agents of a run say and sound like. */
export interface VoiceClip {
  readonly text: string;
  readonly samples: Int16Array;
}

/** The agent's voice of every subject. Deterministic: the same bytes on every machine. */
export async function agentClip(): Promise<VoiceClip> {
  const flite = await Flite.load();
  return { text: LONG_ANSWER, samples: flite.speak(LONG_ANSWER, 'rms', 1).samples };
}

/** Something that a caller says whose first and last frame are loud: nothing about its edges is a matter of taste. */
export interface Utterance {
  readonly playback: Playback;
  readonly endMs: number;
}

/** Speaks after so much (whole milliseconds) of a quiet line: nobody speaks in step with the line's frames. */
export type SharpVoice = (leadMs?: number) => Utterance;

/**
 * @param finalMs when the recogniser's final comes, from the end of speech
 * @param silenceMs quiet line behind the words
 */
export async function sharpUtterance(finalMs: number, silenceMs: number): Promise<SharpVoice> {
  const flite = await Flite.load();
  const { samples } = flite.speak(TEXT, 'slt', 1);
  const frameAt = (frame: number) => samples.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES);
  const frames = Array.from({ length: Math.floor(samples.length / FRAME_SAMPLES) }, (_, frame) => frame);
  const voiced = frames.filter((frame) => rmsOf(bytesOf(frameAt(frame))) > VOICED_RMS);
  const spoken = samples.subarray((voiced[0] ?? 0) * FRAME_SAMPLES, ((voiced.at(-1) ?? 0) + 1) * FRAME_SAMPLES);
  return (leadMs = 0) => {
    const endMs = leadMs + spoken.length / SAMPLES_PER_MS;
    const words = [
      { atMs: leadMs + 300, type: 'partial', text: 'wait', offsetMs: leadMs, endMs: leadMs + 250 },
      { atMs: endMs + Math.min(finalMs, 200), type: 'partial', text: WORDS, offsetMs: leadMs, endMs },
      { atMs: endMs + finalMs, type: 'final', text: WORDS, offsetMs: leadMs, endMs },
    ] as const;
    // A line is never digital silence.
    const length = (endMs + silenceMs) * SAMPLES_PER_MS;
    const audio = Int16Array.from({ length }, (_, i) => spoken[i - leadMs * SAMPLES_PER_MS] ?? (i % 7) - 3);
    return { playback: { audio, words }, endMs };
  };
}
