import type { SceneSet } from '../corpus/scene.ts';
import type { SceneOutcome, Stop } from './outcome.ts';

export interface Spread {
  readonly n: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** The outcomes of one set, or of one condition of it. Shares are from 0 to 1. Figures without samples are absent. */
export interface Summary {
  readonly set: SceneSet;
  /** Absent: all conditions together. */
  readonly condition?: string;
  readonly scenes: number;
  /** Real interruptions: from the first audible sound to silence. */
  readonly stopMs?: Spread;
  readonly missed: number;
  /** The old answer was taken up again over a real interruption. */
  readonly wrongResumes: number;
  /** Stops that nobody asked for, all of them; how many scenes had one; how many went on by themselves. */
  readonly falseStops: number;
  readonly falseStopScenes: number;
  readonly resumed: number;
  readonly resumeGapMs?: Spread;
  /** The worst audio lost or repeated at a resumption. */
  readonly lostMs: number;
  readonly repeatedMs: number;
  /** End of turn, without the providers' delays. */
  readonly endOfTurnMs?: Spread;
  readonly responseMs?: Spread;
  readonly cutOffs: number;
  /** Scenes in which the caller's turn was not answered at all within the scene. */
  readonly unanswered: number;
  readonly extraReplies: number;
  readonly drafts: number;
  readonly lostWords: number;
  readonly extraWords: number;
  readonly faults: number;
}

/** For every set: each condition by itself, then all of them together. In the order in which they first appear. */
export function summarise(outcomes: readonly SceneOutcome[]): Summary[] {
  const sets = Map.groupBy(outcomes, ({ set }) => set);
  return [...sets].flatMap(([set, ofSet]) => {
    const conditions = [...Map.groupBy(ofSet, ({ condition }) => condition)];
    const each = conditions.map(([condition, some]) => ({ ...summaryOf(set, some), condition }));
    return [...each, summaryOf(set, ofSet)];
  });
}

/** @param set names the group; it need not be a set of the corpus as a whole */
export function summaryOf(set: SceneSet, outcomes: readonly SceneOutcome[]): Summary {
  const falseStops = outcomes.flatMap((outcome) => outcome.falseStops);
  const resumed = falseStops.flatMap(({ resumed }: Stop) => (resumed ? [resumed] : []));
  const sum = (count: (outcome: SceneOutcome) => number) => outcomes.reduce((total, one) => total + count(one), 0);
  const spread = (name: string, values: readonly (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? {} : { [name]: spreadOf(known) };
  };
  return {
    set,
    scenes: outcomes.length,
    ...spread(
      'stopMs',
      outcomes.map(({ stopMs }) => stopMs),
    ),
    missed: sum(({ missed }) => Number(missed)),
    wrongResumes: sum(({ wrongResumes }) => wrongResumes),
    falseStops: falseStops.length,
    falseStopScenes: sum((outcome) => Number(outcome.falseStops.length > 0)),
    resumed: resumed.length,
    ...spread(
      'resumeGapMs',
      resumed.map(({ gapMs }) => gapMs),
    ),
    lostMs: Math.max(0, ...resumed.map(({ lostMs }) => lostMs)),
    repeatedMs: Math.max(0, ...resumed.map(({ repeatedMs }) => repeatedMs)),
    ...spread(
      'endOfTurnMs',
      outcomes.map(({ endOfTurnMs }) => endOfTurnMs),
    ),
    ...spread(
      'responseMs',
      outcomes.map(({ responseMs }) => responseMs),
    ),
    cutOffs: sum(({ cutOff }) => Number(cutOff)),
    unanswered: sum(({ expect, repliesAtMs }) => Number(expect !== 'carry-on' && repliesAtMs.length === 0)),
    extraReplies: sum(({ extraReplies }) => extraReplies),
    drafts: sum(({ drafts }) => drafts),
    lostWords: sum(({ lostWords }) => lostWords),
    extraWords: sum(({ extraWords }) => extraWords),
    faults: sum(({ faults }) => faults.length),
  };
}

/** Percentiles by the nearest rank: always a value that was measured. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  const mean = sorted.reduce((total, value) => total + value, 0) / sorted.length;
  return { n: sorted.length, mean, p50: rank(0.5), p95: rank(0.95), max: rank(1) };
}
