import type { Random } from '../random.ts';
import { audibleSpans, pausesBetween } from './audible.ts';
import type { Word } from './scene.ts';
import { fadeEdges, msIn, type Signal, samplesIn, silence } from './signal.ts';
import type { Clip, Speaker } from './speaker.ts';

/**
 * How long callers pause inside a turn: log-normal about 600 ms. (The quarter of the shortest ends near 440 ms, the
 * longest tenth begins near 1040 ms.)
 */
const drawPauseMs = (random: Random): number => Math.round(random.logNormal(600, 0.5, 300, 1500));

/** Cut edges are softened for so long, so that there is no click. */
const FADE_MS = 4;
const ROOM_MS = 60;

/** Where a clip is parted, and the first word after it. */
interface Cut {
  readonly atMs: number;
  readonly word: number;
}

/**
 * Speaks a turn with pauses where the text has `|`. The sentence is spoken as one and cut at word borders, so that the
 * melody before a pause is that of a sentence which goes on. (A person also lengthens the word before a hesitation; the
 * synthesiser does not.) Each pause lasts from the last audible sound before it to the first one after it.
 */
export function speakTurn(speaker: Speaker, marked: string, voice: string, slowness: number, random: Random): Clip {
  const parts = marked.split('|').map((part) => part.trim());
  const clip = speaker.speak(parts.join(' '), voice, slowness);
  let word = 0;
  const cuts = parts.slice(0, -1).map((part): Cut => {
    word += part.split(/\s+/).length;
    // In the middle of the silence between the two words, where there is one.
    return { word, atMs: ((clip.words[word - 1]?.endMs ?? 0) + (clip.words[word]?.startMs ?? 0)) / 2 };
  });
  return withPauses(clip, cuts, random);
}

/** Lengthens pauses that a recorded speaker made between words, the longest ones first; those there are. */
export function stretchPauses(clip: Clip, atMost: number, random: Random): Clip {
  const cuts = pausesBetween(audibleSpans(clip.samples, clip.rangeDb, 70))
    .toSorted((a, b) => b.endMs - b.startMs - (a.endMs - a.startMs))
    .slice(0, atMost)
    .map(({ startMs, endMs }): Cut => {
      const atMs = (startMs + endMs) / 2;
      return { atMs, word: clip.words.findIndex((word) => (word.startMs + word.endMs) / 2 >= atMs) };
    })
    .filter(({ word }) => word > 0)
    .toSorted((a, b) => a.atMs - b.atMs);
  return withPauses(clip, cuts, random);
}

/** @param cuts in rising order */
function withPauses(clip: Clip, cuts: readonly Cut[], random: Random): Clip {
  if (cuts.length === 0) return clip;
  const pieces: Signal[] = [];
  const words: Word[] = [];
  let lengthMs = 0;
  const add = (piece: Signal) => {
    pieces.push(piece);
    lengthMs += msIn(piece.length);
  };
  const bounds = [{ atMs: 0, word: 0 }, ...cuts, { atMs: msIn(clip.samples.length), word: clip.words.length }];
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const to = bounds[index + 1] ?? from;
    const sound = clip.samples.slice(samplesIn(from.atMs), samplesIn(to.atMs));
    const audible = audibleSpans(sound, clip.rangeDb);
    const [fromMs, untilMs] = [audible[0]?.startMs ?? 0, audible.at(-1)?.endMs ?? 0];
    if (index > 0) add(clip.recorded ? room(drawPauseMs(random), clip) : silence(drawPauseMs(random)));
    const startMs = lengthMs;
    const within = (ms: number) => startMs + Math.min(untilMs, Math.max(fromMs, ms - from.atMs)) - fromMs;
    for (const word of clip.words.slice(from.word, to.word)) {
      words.push({ text: word.text, startMs: within(word.startMs), endMs: within(word.endMs) });
    }
    add(fadeEdges(sound.slice(samplesIn(fromMs), samplesIn(untilMs)), FADE_MS));
  }
  return { ...clip, samples: Float32Array.from(pieces.flatMap((piece) => [...piece])), words };
}

/** A recorded pause is not empty but holds the sound of the room: the quietest 60 ms of the recording, to and fro. */
function room(ms: number, { samples }: Clip): Signal {
  const length = samplesIn(ROOM_MS);
  let quietest = { at: 0, energy: Number.POSITIVE_INFINITY };
  for (let at = 0; at + length <= samples.length; at += length >> 2) {
    const energy = samples.subarray(at, at + length).reduce((sum, sample) => sum + sample * sample, 0);
    if (energy < quietest.energy) quietest = { at, energy };
  }
  return silence(ms).map((_, i) => {
    const turn = i % (2 * length);
    return samples[quietest.at + (turn < length ? turn : 2 * length - 1 - turn)] ?? 0;
  });
}
