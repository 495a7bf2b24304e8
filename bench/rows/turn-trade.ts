import { DEFAULT_TURN_POLICY, type TurnPolicyChanges } from '../../stream-host/conversation/turns/turn-policy.ts';
import type { Scene } from '../corpus/scene.ts';
import { answerDelaysOf, type SceneRun, type SceneSettings, turnEndOf } from '../harness/scenes.ts';
import { virtualScenes } from '../harness/virtual-scenes.ts';
import type { ReportedLine } from '../report/run-report.ts';
import type { RowResult } from '../row.ts';
import { mean, measure, percentOf } from '../statistics.ts';

const PEER = 'livekit-default';
export const HOLD_FACTORS = [0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3];

export interface TurnTradeOptions {
  readonly scenes: readonly Scene[];
  readonly providers: Omit<SceneSettings, 'policy'>;
  /** What the subjects did in real time on the same scenes. */
  readonly played: readonly { readonly name: string; readonly runs: readonly SceneRun[] }[];
  readonly signal: AbortSignal;
}

/** One policy's place between waiting too long and cutting in. `factor`: of its holds. */
function pointOf(factor: number, runs: readonly SceneRun[]) {
  const ends = runs.map(turnEndOf);
  const cutOffs = ends.map(({ cutOff }) => cutOff);
  const isComplete = ends.every(({ cutOff, answeredAfterMs }) => cutOff || answeredAfterMs !== undefined);
  // The mean is over the turns that were not cut off.
  const meanMs = mean(answerDelaysOf(runs));
  return { factor, meanMs, cutOffs, isComplete };
}
type TradePoint = ReturnType<typeof pointOf>;

/** The engine as it is, but with all pauses that end a turn longer or shorter. */
export function scaledHolds(factor: number): TurnPolicyChanges {
  const { endpointing, onset } = DEFAULT_TURN_POLICY;
  // What is shorter than a pause cannot end a turn.
  const scaled = (holdMs: number) => Math.max(onset.pauseMs, Math.round(factor * holdMs));
  const { minHoldMs, holdMs, maxHoldMs } = endpointing;
  return { endpointing: { minHoldMs: scaled(minHoldMs), holdMs: scaled(holdMs), maxHoldMs: scaled(maxHoldMs) } };
}

/** How long the agent waits against how often it cuts in, over many lengths of its holds; and where the subjects are. */
export async function turnTrade({ scenes, providers, played, signal }: TurnTradeOptions): Promise<RowResult> {
  const virtual = await virtualScenes();
  try {
    const scaled: TradePoint[] = [];
    for (const factor of HOLD_FACTORS) {
      signal.throwIfAborted();
      const policy = { ...scaledHolds(factor) };
      scaled.push(pointOf(factor, await virtual.play(scenes, { ...providers, policy })));
    }
    return resultOf(scaled, played);
  } finally {
    await virtual.close();
  }
}

function resultOf(scaled: readonly TradePoint[], played: TurnTradeOptions['played']): RowResult {
  const points = played.map(({ name, runs }) => ({ name, ...pointOf(1, runs) }));
  const own = scaled.find(({ factor }) => factor === 1);
  const parley = points.find(({ name }) => name === 'parley');
  const peer = points.find(({ name }) => name === PEER);
  /** The point of the curve that waits longest, but on average no longer than the peer. */
  const level = scaled.filter(({ meanMs, isComplete }) => peer && meanMs <= peer.meanMs && isComplete).at(-1);
  const told = ({ meanMs, cutOffs }: TradePoint) =>
    `${Math.round(meanMs)} ms and ${cutOffs.filter((cutOff) => cutOff).length} cut off`;
  const line = (of: TradePoint, besides: TradePoint): ReportedLine => ({
    label: 'turns cut off with Parley’s holds made longer, up to LiveKit’s mean delay (virtual time)',
    ...{ unit: '%', target: `< ${PEER}` },
    results: { parley: measure(of.cutOffs, percentOf), [PEER]: measure(besides.cutOffs, percentOf) },
  });
  const scenes = own?.cutOffs.length ?? 0;
  /** The curve: how long the agent waits, and how often it cuts in. */
  const curve = scaled.map(
    ({ factor, meanMs, cutOffs }): ReportedLine => ({
      label: `holds × ${factor}: turns cut off, at a mean delay of ${Math.round(meanMs)} ms (virtual time)`,
      ...{ unit: '%', results: { parley: measure(cutOffs, percentOf) } },
    }),
  );
  const trusted = own && parley && `Parley’s defaults give ${told(own)} there, and in real time ${told(parley)}`;
  const where = level && `the holds times ${level.factor}, with a mean of ${Math.round(level.meanMs)} ms`;
  return {
    lines: [...(level && peer ? [line(level, peer)] : []), ...curve],
    notes: [
      `The lines of virtual time are a curve: the same ${scenes} scenes, real voice activity, the same model and voice with the ` +
        'same delays, and the engine itself on a virtual clock, where neither the harness nor the machine adds anything: ' +
        'Parley as it is, with all its holds times a factor. Where they are short the words come after the pause, and ' +
        'waiting less for the pause answers nobody sooner.',
      ...(trusted ? [`How far virtual time can be trusted: ${trusted}.`] : []),
      ...(where ? [`Up to LiveKit’s mean delay, on the curve: ${where}.`] : []),
    ],
  };
}
