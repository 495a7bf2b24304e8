import type { Scene, SceneSet } from '../corpus/scene.ts';
import { joinedClips } from './echo-recogniser.ts';
import { locate } from './locate.ts';
import type { SceneRun } from './scene-run.ts';

/** The agent fell silent because it was told to. Times in ms from the scene's start. */
export interface Stop {
  readonly atMs: number;
  /** Since the newest thing before it that can be heard began: an utterance, a single noise. */
  readonly sinceOnsetMs?: number;
  /** The agent went on with the same answer. Both counts of audio are exact; at most one of them is above 0. */
  readonly resumed?: { readonly gapMs: number; readonly lostMs: number; readonly repeatedMs: number };
}

/** What became of one scene. Measured at the far side: what the caller hears, when the caller hears it. */
export interface SceneOutcome {
  readonly id: string;
  readonly set: SceneSet;
  readonly condition: string;
  readonly voice: string;
  readonly recorded: boolean;
  readonly expect: Scene['expect'];
  readonly stops: readonly Stop[];
  /** Stops that nobody asked for: all in a scene without interruption, else those before it. */
  readonly falseStops: readonly Stop[];
  /** Onset of a real interruption to the agent's silence. Absent when the agent was not audible, or never stopped. */
  readonly stopMs?: number;
  /** The caller spoke, and the agent went on to the end of it. */
  readonly missed: boolean;
  /** How long the old answer was audible while the caller interrupted, stops and wrong resumptions counted together. */
  readonly talkedOverMs: number;
  /** The agent took up its old answer again after a real interruption. */
  readonly wrongResumes: number;
  /** When each answer began to be heard, besides the one that was being given. */
  readonly repliesAtMs: readonly number[];
  /** An answer began before the caller's turn was over. */
  readonly cutOff: boolean;
  /** End of the caller's turn to the first of the answer, where it was not cut off. */
  readonly responseMs?: number;
  /** The same without the providers' delays: what the engine waited. Below 0 where it thought ahead. */
  readonly endOfTurnMs?: number;
  /** Answers to one turn beyond the first, all after its end; or any answer where none was called for. */
  readonly extraReplies: number;
  /** Times that the model was asked beyond the answers that were heard. */
  readonly drafts: number;
  /** Words of the caller that are not in the history, and words in it that were not said (so often). */
  readonly lostWords: number;
  readonly extraWords: number;
  readonly faults: readonly string[];
}

const SAMPLES_PER_MS = 16;
/** An answer that begins so far from its first sample is one that goes on. */
const GOES_ON_SAMPLES = 100 * SAMPLES_PER_MS;
const toMs = (samples: number): number => samples / SAMPLES_PER_MS;

/** A stretch of what was heard, and where in the long answer it began and ended, if it was of it. */
interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  readonly stopped: boolean;
  /** It is no new answer but the rest of one that was stopped. */
  readonly goesOn: boolean;
  readonly from?: number;
  readonly to?: number;
}

export function outcomeOf(run: SceneRun, providersMs: number): SceneOutcome {
  const { scene } = run;
  const stretches = stretchesOf(run);
  const old = stretches.filter(({ from }) => from !== undefined);
  const repliesAtMs = stretches
    .filter(({ from, goesOn, startMs }) => from === undefined && !goesOn && startMs >= 0)
    .map(({ startMs }) => startMs);
  const [first] = scene.utterances;
  const last = scene.utterances.at(-1);
  const interrupted = scene.expect === 'interrupt' && first ? first : undefined;

  const stops = old.flatMap((stretch, index): Stop[] => {
    if (!stretch.stopped || stretch.endMs < 0) return [];
    const next = old[index + 1];
    const onsetMs = lastOnset(scene, stretch.endMs);
    const skipped = toMs((next?.from ?? 0) - (stretch.to ?? 0));
    const resumed = next && {
      gapMs: next.startMs - stretch.endMs,
      lostMs: Math.max(0, skipped),
      repeatedMs: Math.max(0, -skipped),
    };
    const sinceOnset = onsetMs === undefined ? {} : { sinceOnsetMs: stretch.endMs - onsetMs };
    return [{ atMs: stretch.endMs, ...sinceOnset, ...(resumed && { resumed }) }];
  });
  const onsetMs = interrupted?.startMs ?? Number.POSITIVE_INFINITY;
  const audibleAtOnset = old.some(({ startMs, endMs }) => startMs <= onsetMs && endMs > onsetMs);
  const stop = stops.find(({ atMs }) => atMs >= onsetMs);
  const answerable = scene.expect !== 'carry-on' && last;
  const cutOff = answerable ? repliesAtMs.some((atMs) => atMs < last.endMs && atMs >= (first?.startMs ?? 0)) : false;
  const later = answerable ? repliesAtMs.filter((atMs) => atMs >= last.endMs) : repliesAtMs;
  const response = answerable && !cutOff && later[0] !== undefined ? later[0] - last.endMs : undefined;
  const words = wordsKept(run);
  return {
    ...{ id: scene.id, set: scene.set, condition: scene.condition, voice: scene.voice, recorded: scene.recorded },
    ...{ expect: scene.expect, stops, repliesAtMs, cutOff, ...words, faults: run.faults },
    falseStops: stops.filter(({ atMs }) => atMs < onsetMs),
    ...(interrupted && audibleAtOnset && stop && { stopMs: stop.atMs - onsetMs }),
    missed: interrupted !== undefined && audibleAtOnset && (!stop || stop.atMs > interrupted.endMs),
    talkedOverMs: interrupted ? overlapMs(old, interrupted.startMs, interrupted.endMs) : 0,
    wrongResumes: interrupted ? old.filter(({ startMs }) => startMs > onsetMs).length : 0,
    ...(response !== undefined && { responseMs: response, endOfTurnMs: response - providersMs }),
    extraReplies: Math.max(0, later.length - (answerable ? 1 : 0)),
    drafts: Math.max(0, run.agent.askedAtMs.length - repliesAtMs.length - (old.length > 0 ? 1 : 0)),
  };
}

function stretchesOf({ farSide, agent, startSample }: SceneRun): Stretch[] {
  const { samples: long } = joinedClips(agent.clips.filter((clip) => clip.part === 'long-answer'));
  const { samples: short } = joinedClips(agent.clips.filter((clip) => clip.part === 'answer'));
  return farSide.spans
    .filter(({ end }) => end > startSample)
    .map(({ start, end, stopped }) => {
      const heard = farSide.heard(start, end);
      const from = locate(long, heard);
      const place = from === undefined ? {} : { from, to: from + end - start };
      const goesOn = from === undefined && (locate(short, heard) ?? 0) > GOES_ON_SAMPLES;
      return { startMs: toMs(start - startSample), endMs: toMs(end - startSample), stopped, goesOn, ...place };
    });
}

function lastOnset(scene: Scene, beforeMs: number): number | undefined {
  const onsets = [...scene.utterances, ...scene.noises].map(({ startMs }) => startMs);
  const before = onsets.filter((startMs) => startMs <= beforeMs);
  return before.length === 0 ? undefined : Math.max(...before);
}

function overlapMs(stretches: readonly Stretch[], fromMs: number, toMs: number): number {
  return stretches.reduce((sum, { startMs, endMs }) => {
    return sum + Math.max(0, Math.min(endMs, toMs) - Math.max(startMs, fromMs));
  }, 0);
}

/** Compares, in order, what the caller said with what the history holds. Backchannels need not be in it. */
function wordsKept({ scene, conversation }: SceneRun): { lostWords: number; extraWords: number } {
  const said = scene.utterances
    .filter(({ kind }) => kind !== 'backchannel')
    .flatMap(({ words }) => words.map(({ text }) => plain(text)));
  const owed = scene.during === 'agent-speaking' ? 1 : 0;
  const kept = conversation.history
    .filter((item) => item.role === 'caller')
    .slice(owed)
    .flatMap(({ text }) => text.split(/\s+/).map(plain));
  const common = longestCommon(said, kept);
  return { lostWords: said.length - common, extraWords: kept.length - common };
}

const plain = (word: string): string => word.toLowerCase().replace(/[^\p{L}\p{N}'-]/gu, '');

function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const word of a) {
    const next = [0];
    for (const [index, other] of b.entries()) {
      next.push(word === other ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
