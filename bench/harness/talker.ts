import { Flite } from '../../emulator/speech/flite.ts';
import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Playback } from './call.ts';

const SAMPLES_PER_MS = 16;
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
/** As loud as a vowel: -26 dBFS. */
const VOICED_RMS = 1640;
const TEXT = 'Wait, I meant the other order, please.';
const WORDS = 'wait i meant the other order please';

/** Something that a caller says whose first and last frame are loud: nothing about its edges is a matter of taste. */
export interface Utterance {
  readonly playback: Playback;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * @param finalMs when the recogniser's final comes, from the end of speech
 * @param silenceMs quiet line behind the words
 */
export async function sharpUtterance(finalMs: number, silenceMs: number): Promise<Utterance> {
  const flite = await Flite.load();
  const { samples } = flite.speak(TEXT, 'slt', 1);
  const frames = Math.floor(samples.length / FRAME_SAMPLES);
  const isVoiced = (frame: number) =>
    rms(samples.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES)) > VOICED_RMS;
  const all = Array.from({ length: frames }, (_, frame) => frame);
  const first = all.find(isVoiced) ?? 0;
  const last = all.findLast(isVoiced) ?? frames - 1;
  const spoken = samples.subarray(first * FRAME_SAMPLES, (last + 1) * FRAME_SAMPLES);
  const audio = new Int16Array(spoken.length + silenceMs * SAMPLES_PER_MS).map((_, i) => spoken[i] ?? quiet(i));
  const endMs = spoken.length / SAMPLES_PER_MS;
  const words = [
    { atMs: 300, type: 'partial', text: 'wait', offsetMs: 0, endMs: 250 },
    { atMs: endMs + Math.min(finalMs, 200), type: 'partial', text: WORDS, offsetMs: 0, endMs },
    { atMs: endMs + finalMs, type: 'final', text: WORDS, offsetMs: 0, endMs },
  ] as const;
  return { playback: { audio, words }, startMs: 0, endMs };
}

/** The same after so much (whole milliseconds) of a quiet line: nobody speaks in step with the line's frames. */
export function withLead(leadMs: number, { playback, startMs, endMs }: Utterance): Utterance {
  const lead = leadMs * SAMPLES_PER_MS;
  const { audio } = playback;
  return {
    playback: {
      ...playback,
      audio: new Int16Array(lead + audio.length).map((_, i) => audio[i - lead] ?? quiet(i)),
      words: playback.words.map((word) => ({
        ...word,
        atMs: word.atMs + leadMs,
        offsetMs: word.offsetMs + leadMs,
        endMs: word.endMs + leadMs,
      })),
    },
    startMs: startMs + leadMs,
    endMs: endMs + leadMs,
  };
}

/** A line on which nobody speaks is never digital silence. */
const quiet = (sample: number): number => (sample % 7) - 3;

function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
