import { sumOf, type Tally } from './callers.ts';

/** A fault that was made, and what came of it until the next one. */
export interface MadeFault {
  readonly fault: string;
  /** Requests and connections that felt it. */
  readonly felt: number;
  /** The longest time in which a caller heard nothing though he waited, ms. */
  readonly silentMs: number;
  readonly lost: number;
  readonly refused: number;
}

export interface Soaked {
  readonly tally: Tally;
  /** Of the time in which nothing had failed yet. */
  readonly warmUp: Tally;
  readonly faults: readonly MadeFault[];
  /** So many should have been made. */
  readonly faultsDue: number;
  /** So many calls were to stand at any time, and so many stood at each look. */
  readonly calls: number;
  readonly talking: readonly number[];
  /** Processes that ended by themselves. */
  readonly restarts: readonly string[];
}

/** A look at the processes may take a while, and a fault waits for it. */
const ENOUGH_FAULTS = 0.9;
/** Whoever has ended, or was refused while something failed, is missed for a moment. */
const ENOUGH_CALLS = 0.7;

/** Why it is no proof that calls were held all the time while everything failed, a line each. */
export function notWhole({ tally, warmUp, faults, faultsDue, calls, talking, restarts }: Soaked): string[] {
  const refused = sumOf(tally.refused);
  const answered = tally.done + tally.wedged + sumOf(tally.lost);
  const quiet = talking.flatMap((count, at) => (count === 0 ? [at + 1] : []));
  const unfelt = [...byKind(faults)].flatMap(([kind, { made, felt }]) =>
    felt > 0 ? [] : [`${kind} (made ${made} times)`],
  );
  const stood = talking.reduce((sum, count) => sum + count, 0) / Math.max(1, talking.length);
  const few = faults.length < faultsDue * ENOUGH_FAULTS;
  return [
    ...(warmUp.done === 0 ? ['no call was done before anything failed'] : []),
    ...(tally.done === 0 ? ['no call was done'] : []),
    ...(tally.questions === 0 ? ['nobody asked anything'] : []),
    ...(refused > answered ? [`more calls were refused than answered: ${refused} and ${answered}`] : []),
    ...(tally.unanswered * 2 > tally.questions
      ? [`asked again: ${tally.unanswered} of ${tally.questions} questions`]
      : []),
    ...(tally.mute > 0 ? [`calls in which the agent was never heard: ${tally.mute}`] : []),
    ...[warmUp, tally].flatMap(({ lost }) => [...lost].map(([why, count]) => `calls lost: ${count} × ${why}`)),
    ...[warmUp, tally].flatMap(({ wedged }) => (wedged > 0 ? [`calls wedged: ${wedged}`] : [])),
    ...(quiet.length > 0 ? [`nobody talked at minute ${quiet.join(', ')}`] : []),
    ...(stood < calls * ENOUGH_CALLS ? [`on average only ${stood.toFixed(1)} of ${calls} calls stood`] : []),
    ...(faults.length === 0 ? ['nothing failed'] : []),
    ...(few ? [`only ${faults.length} of ${faultsDue} faults were made`] : []),
    ...(unfelt.length > 0 ? [`never felt: ${unfelt.join(', ')}`] : []),
    ...restarts.map((name) => `${name} ended by itself`),
  ];
}

/** A line for each kind of fault. */
export function faultTable(faults: readonly MadeFault[]): string[] {
  const rows = [...byKind(faults)].toSorted(([a], [b]) => a.localeCompare(b));
  return [
    `${'fault'.padEnd(24)}  made    felt  silence  lost  not answered`,
    ...rows.map(
      ([kind, { made, felt, silentMs, lost, refused }]) =>
        `${kind.padEnd(24)} ${column(made, 5)} ${column(felt, 7)} ${column((silentMs / 1000).toFixed(1), 6)} s ${column(lost, 5)} ${column(refused, 13)}`,
    ),
  ];
}

const column = (value: number | string, width: number): string => String(value).padStart(width);

function byKind(faults: readonly MadeFault[]): Map<string, Omit<MadeFault, 'fault'> & { readonly made: number }> {
  const kinds = Map.groupBy(faults, ({ fault }) => fault);
  return new Map(
    [...kinds].map(([kind, all]) => {
      const sum = (figure: 'felt' | 'lost' | 'refused') => all.reduce((total, each) => total + each[figure], 0);
      const silentMs = Math.max(...all.map((each) => each.silentMs));
      return [kind, { made: all.length, felt: sum('felt'), silentMs, lost: sum('lost'), refused: sum('refused') }];
    }),
  );
}
