import { activeRms, audibleSpans, pausesBetween } from './audible.ts';
import { decodeMuLaw, encodeMuLaw } from './mu-law.ts';
import { holdMusic, hum, noiseEvent, white } from './noises.ts';
import type { Random } from './random.ts';
import type { NoiseEvent, Span, Utterance, Word } from './scene.ts';
import {
  gainOf,
  mixInto,
  msIn,
  peak,
  rms,
  type Signal,
  samplesIn,
  scaled,
  silence,
  telephoneBand,
  toInt16,
} from './signal.ts';
import { type Clip, SPEECH_DBFS } from './speaker.ts';

/** What is on the line besides the caller's voice. `snrDb` is against the speech where it is audible. */
export interface LineCondition {
  readonly name: string;
  readonly noise?: { readonly kind: 'white' | 'babble' | 'hum' | 'hold-music'; readonly snrDb: number };
  readonly events?: NoiseEvent['kind'];
  /** 300 to 3400 Hz and mu-law, as from the public telephone network. */
  readonly phone?: boolean;
}

export interface Placed {
  readonly clip: Clip;
  readonly kind: Utterance['kind'];
  readonly startMs: number;
  /** Louder or softer than usual. */
  readonly gainDb: number;
}

export interface LinePlan {
  readonly condition: LineCondition;
  readonly lengthMs: number;
  readonly speech: readonly Placed[];
  /** When each single noise begins; used where the condition has such. */
  readonly eventsAtMs: readonly number[];
  /** Noise that goes on begins here, with a short rise. */
  readonly noiseFromMs: number;
}

/** A line is never quite silent. */
const FLOOR_DBFS = -72;
/** The loudest moment of each sound against the level of speech; speech itself peaks about 15 dB above its level. */
const EVENT_PEAK_DB: Readonly<Record<NoiseEvent['kind'], readonly [number, number]>> = {
  click: [0, 16],
  cough: [11, 18],
  breath: [-10, 0],
};
const HIGHEST_PEAK = 0.97;
const RISE_MS = 50;

export interface Line {
  readonly audio: Int16Array;
  readonly utterances: readonly Utterance[];
  readonly noises: readonly NoiseEvent[];
}

/** @param babble gives so many milliseconds of many other people's talk, at an RMS of 1 */
export function layLine(plan: LinePlan, babble: (ms: number, random: Random) => Signal, random: Random): Line {
  const { condition, lengthMs } = plan;
  const narrow = (signal: Signal) => (condition.phone ? telephoneBand(signal) : signal);
  const track = silence(lengthMs);
  const utterances: Utterance[] = [];
  let speechLevel = gainOf(SPEECH_DBFS);
  for (const { clip, kind, startMs, gainDb } of plan.speech) {
    const voice = narrow(scaled(clip.samples, gainOf(gainDb)));
    mixInto(track, voice, samplesIn(startMs));
    utterances.push(labelled(clip, kind, voice, startMs));
    speechLevel = activeRms(voice, clip.rangeDb);
  }

  const noises: NoiseEvent[] = [];
  const noiseTrack = silence(lengthMs);
  if (condition.events) {
    for (const startMs of plan.eventsAtMs) {
      const sound = noiseEvent(condition.events, random);
      const [low, high] = EVENT_PEAK_DB[condition.events];
      mixInto(noiseTrack, sound, samplesIn(startMs), speechLevel * gainOf(random.between(low, high)));
      const heard = audibleSpans(sound);
      noises.push({
        kind: condition.events,
        startMs: startMs + (heard[0]?.startMs ?? 0),
        endMs: startMs + (heard.at(-1)?.endMs ?? msIn(sound.length)),
      });
    }
  }
  mixInto(track, narrow(noiseTrack), 0);
  if (condition.noise) {
    const noise = narrow(steadyNoise(condition.noise.kind, lengthMs - plan.noiseFromMs, babble, random));
    const gain = (speechLevel * gainOf(-condition.noise.snrDb)) / rms(noise);
    for (let i = 0; i < samplesIn(RISE_MS); i += 1) noise[i] = ((noise[i] ?? 0) * i) / samplesIn(RISE_MS);
    mixInto(track, noise, samplesIn(plan.noiseFromMs), gain);
  }
  mixInto(track, white(lengthMs, random), 0, gainOf(FLOOR_DBFS));
  const louder = peak(track) > HIGHEST_PEAK ? HIGHEST_PEAK / peak(track) : 1;
  const samples = toInt16(scaled(track, louder));
  return { audio: condition.phone ? samples.map((x) => decodeMuLaw(encodeMuLaw(x))) : samples, utterances, noises };
}

function steadyNoise(
  kind: NonNullable<LineCondition['noise']>['kind'],
  ms: number,
  babble: (ms: number, random: Random) => Signal,
  random: Random,
): Signal {
  switch (kind) {
    case 'white':
      return white(ms, random);
    case 'babble':
      return babble(ms, random);
    case 'hum':
      return hum(ms, random);
    case 'hold-music':
      return holdMusic(ms, random);
  }
}

/** The labels come from the voice as it is on this line, before any noise. */
function labelled(clip: Clip, kind: Utterance['kind'], voice: Signal, atMs: number): Utterance {
  const spans = audibleSpans(voice, clip.rangeDb);
  const startMs = spans[0]?.startMs ?? 0;
  const endMs = spans.at(-1)?.endMs ?? 0;
  const onLine = ({ startMs: from, endMs: to }: Span): Span => ({
    startMs: atMs + Math.min(endMs, Math.max(startMs, from)),
    endMs: atMs + Math.min(endMs, Math.max(startMs, to)),
  });
  const words: Word[] = clip.words.map((word) => ({ text: word.text, ...onLine(word) }));
  const pauses = pausesBetween(spans).map(onLine);
  return { kind, text: clip.text, words, startMs: atMs + startMs, endMs: atMs + endMs, pauses };
}
