import { samplesOf, toPcm16 } from '../../shared/audio/pcm.ts';
import type { Random } from '../random.ts';
import { activeRms, audibleSpans, pausesBetween } from './audible.ts';
import { holdMusic, hum, noiseEvent, white } from './noises.ts';
import type { NoiseEvent, Scene, Span, Utterance } from './scene.ts';
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
  throughMuLaw,
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
  readonly said: Placed | undefined;
  /** When each single noise begins; used where the condition has such. */
  readonly eventsAtMs: readonly number[];
  /** Noise that goes on begins here, with a short rise. */
  readonly noiseFromMs: number;
}

/** A line is never quite silent. */
const FLOOR_DBFS = -72;
/** The loudest moment of each sound against the level of speech; speech itself peaks about 15 dB above its level. */
const EVENT_PEAK_DB = { click: [0, 16], cough: [11, 18], breath: [-10, 0] } as const;
const HIGHEST_PEAK = 0.97;
const RISE_MS = 50;

/** @param babble many other people's talk for so many milliseconds, at an RMS of 1 */
export function layLine(
  { condition, lengthMs, said, eventsAtMs, noiseFromMs }: LinePlan,
  babble: (ms: number, random: Random) => Signal,
  random: Random,
): Pick<Scene, 'audio' | 'utterances' | 'noises'> {
  const narrow = (signal: Signal) => (condition.phone ? telephoneBand(signal) : signal);
  const track = silence(lengthMs);
  const utterances: Utterance[] = [];
  let speechLevel = gainOf(SPEECH_DBFS);
  if (said) {
    const { clip, kind, startMs, gainDb } = said;
    const voice = narrow(scaled(clip.samples, gainOf(gainDb)));
    mixInto(track, voice, samplesIn(startMs));
    utterances.push(labelled(clip, kind, voice, startMs));
    speechLevel = activeRms(voice, clip.rangeDb);
  }
  const noises: NoiseEvent[] = [];
  const noiseTrack = silence(lengthMs);
  for (const atMs of condition.events ? eventsAtMs : []) {
    const kind = condition.events ?? 'click';
    const sound = noiseEvent(kind, random);
    const [low, high] = EVENT_PEAK_DB[kind];
    mixInto(noiseTrack, sound, samplesIn(atMs), speechLevel * gainOf(random.between(low, high)));
    const heard = audibleSpans(sound);
    const endMs = atMs + (heard.at(-1)?.endMs ?? msIn(sound.length));
    noises.push({ kind, startMs: atMs + (heard[0]?.startMs ?? 0), endMs });
  }
  mixInto(track, narrow(noiseTrack), 0);
  if (condition.noise) {
    const make = { white, babble, hum, 'hold-music': holdMusic }[condition.noise.kind];
    const noise = narrow(make(lengthMs - noiseFromMs, random));
    const gain = (speechLevel * gainOf(-condition.noise.snrDb)) / rms(noise);
    for (let i = 0; i < samplesIn(RISE_MS); i += 1) noise[i] = ((noise[i] ?? 0) * i) / samplesIn(RISE_MS);
    mixInto(track, noise, samplesIn(noiseFromMs), gain);
  }
  mixInto(track, white(lengthMs, random), 0, gainOf(FLOOR_DBFS));
  const pcm = toPcm16(scaled(track, Math.min(1, HIGHEST_PEAK / peak(track))));
  return { audio: samplesOf(condition.phone ? throughMuLaw(pcm) : pcm), utterances, noises };
}

/** The labels come from the voice as it is on this line, before any noise. */
function labelled(clip: Clip, kind: Utterance['kind'], voice: Signal, atMs: number): Utterance {
  const spans = audibleSpans(voice, clip.rangeDb);
  const [startMs, endMs] = [spans[0]?.startMs ?? 0, spans.at(-1)?.endMs ?? 0];
  const onLine = (ms: number) => atMs + Math.min(endMs, Math.max(startMs, ms));
  const placed = (span: Span): Span => ({ startMs: onLine(span.startMs), endMs: onLine(span.endMs) });
  const words = clip.words.map((word) => ({ text: word.text, ...placed(word) }));
  const pauses = pausesBetween(spans).map(placed);
  return { kind, text: clip.text, words, startMs: atMs + startMs, endMs: atMs + endMs, pauses };
}
