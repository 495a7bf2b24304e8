import { DEFAULT_TURN_POLICY, type TurnPolicyChanges } from '../../stream-host/conversation/turns/turn-policy.ts';
import type { Scene } from '../corpus/scene.ts';
import { answerDelaysOf, type SceneRun, type SceneSettings, turnEndOf } from '../harness/scenes.ts';
import { VirtualScenes } from '../harness/virtual-scenes.ts';
import type { ReportedLine, Series } from '../report/run-report.ts';
import type { RowResult } from '../row.ts';
import { mean, measure, percentOf } from '../statistics.ts';

const PEER = 'livekit-default';
/** The name of the entry that waits a plain fixed delay in real time. */
export const FIXED = 'LiveKit, fixed 500 ms';
export const HOLD_FACTORS = [0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3];
export const FIXED_DELAYS_MS = [200, 300, 400, 500, 600, 700, 800, 900, 1000, 1200, 1500];
/** Enough words beside the curves to read them by. */
const MARKED = new Set([0.4, 1, 1.6, 2, 3, 200, 500, 800, 1000, 1500]);

export interface TurnTradeOptions {
  readonly scenes: readonly Scene[];
  readonly providers: Omit<SceneSettings, 'policy'>;
  /** What the subjects did in real time on the same scenes. */
  readonly played: readonly { readonly name: string; readonly runs: readonly SceneRun[] }[];
  readonly signal: AbortSignal;
}

/** One policy's place between waiting too long and cutting in. */
interface TradePoint {
  /** What of the policy was varied: the factor, or the delay in ms. */
  readonly setting: number;
  /** From the end of the caller's turn to the agent, over the turns that were not cut off. */
  readonly meanMs: number;
  readonly cutOffs: readonly boolean[];
  readonly unanswered: number;
}

const pointOf = (setting: number, runs: readonly SceneRun[]): TradePoint => ({
  setting,
  meanMs: mean(answerDelaysOf(runs)),
  cutOffs: runs.map((run) => turnEndOf(run).cutOff),
  unanswered: runs.map(turnEndOf).filter(({ cutOff, answeredAfterMs }) => !cutOff && answeredAfterMs === undefined)
    .length,
});

/** The engine as it is, but with all pauses that end a turn longer or shorter. */
export function scaledHolds(factor: number): TurnPolicyChanges {
  const { endpointing, onset } = DEFAULT_TURN_POLICY;
  // What is shorter than a pause cannot end a turn.
  const scaled = (holdMs: number) => Math.max(onset.pauseMs, Math.round(factor * holdMs));
  const { minHoldMs, holdMs, maxHoldMs } = endpointing;
  return { endpointing: { minHoldMs: scaled(minHoldMs), holdMs: scaled(holdMs), maxHoldMs: scaled(maxHoldMs) } };
}

/**
 * The plainest turn-taking that this engine can do: any onset stops the agent for good, and a turn is over after a pause
 * of one fixed length, whatever was said and however it sounded. Its numbers do not move with the engine's defaults.
 */
export function plainFixedDelay(holdMs: number): TurnPolicyChanges {
  return {
    onset: {
      ...{ speechProbability: 0.5, silenceProbability: 0.35, onsetMs: 96, doubtfulOnsetMs: 96 },
      ...{ pauseMs: Math.min(160, holdMs), doubtMs: 0, echoGuard: false },
    },
    interruption: { tentative: false, backchannels: false },
    endpointing: { minHoldMs: holdMs, holdMs, maxHoldMs: holdMs, judgement: 'off', adaptToCaller: false },
    drafts: { mode: 'off' },
  };
}

/** How long the agent waits against how often it cuts in, over many policies; and where the subjects are. */
export async function turnTrade({ scenes, providers, played, signal }: TurnTradeOptions): Promise<RowResult> {
  const virtual = await VirtualScenes.load();
  const along = async (settings: readonly number[], policyOf: (setting: number) => TurnPolicyChanges) => {
    const points: TradePoint[] = [];
    for (const setting of settings) {
      signal.throwIfAborted();
      points.push(pointOf(setting, await virtual.play(scenes, { ...providers, policy: { ...policyOf(setting) } })));
    }
    return points;
  };
  try {
    const scaled = await along(HOLD_FACTORS, scaledHolds);
    return resultOf(scaled, await along(FIXED_DELAYS_MS, plainFixedDelay), played);
  } finally {
    await virtual.close();
  }
}

function resultOf(
  scaled: readonly TradePoint[],
  fixed: readonly TradePoint[],
  played: TurnTradeOptions['played'],
): RowResult {
  const points = played.map(({ name, runs }) => ({ name, ...pointOf(1, runs) }));
  const own = scaled.find(({ setting }) => setting === 1);
  const parley = points.find(({ name }) => name === 'parley');
  const peer = points.find(({ name }) => name === PEER);
  /** The point of the curve that waits longest, but on average no longer than the peer. */
  const level = scaled.filter(({ meanMs, unanswered }) => peer && meanMs <= peer.meanMs && unanswered === 0).at(-1);
  const told = ({ meanMs, cutOffs }: TradePoint) =>
    `${Math.round(meanMs)} ms and ${cutOffs.filter((cutOff) => cutOff).length} cut off`;
  const line = (of: TradePoint, besides: TradePoint): ReportedLine => ({
    label: 'turns cut off with Parley’s holds made longer, up to LiveKit’s mean delay (virtual time)',
    unit: '%',
    target: `< ${PEER}`,
    better: 'lower',
    results: { parley: measure(of.cutOffs, percentOf), [PEER]: measure(besides.cutOffs, percentOf) },
  });
  const scenes = own?.cutOffs.length ?? 0;
  const curve = (name: string, of: readonly TradePoint[], mark: (setting: number) => string): Series => ({
    name: `${name} (virtual time)`,
    points: of.map(({ meanMs, cutOffs }) => [meanMs, percentOf(cutOffs)]),
    marks: of.map(({ setting }) => (MARKED.has(setting) ? mark(setting) : '')),
  });
  return {
    lines: level && peer ? [line(level, peer)] : [],
    plots: [
      {
        file: 'turn-trade.svg',
        title: `Hesitation set, ${scenes} scenes: how long the agent waits against how often it cuts in`,
        kind: 'line',
        xLabel: 'mean ms from the end of the turn to the agent, turns that were not cut off',
        yLabel: '% of turns cut off',
        series: [
          curve('Parley, its holds × 0.4 to × 3', scaled, (factor) => `× ${factor}`),
          curve('one fixed delay', fixed, (delayMs) => `${delayMs} ms`),
          ...points.map(({ name, meanMs, cutOffs }): Series => {
            return { name: `${name}, real time`, points: [[meanMs, percentOf(cutOffs)]] };
          }),
        ],
      },
    ],
    notes: [
      `The curves are of virtual time: the same ${scenes} scenes, real voice activity, the same model and voice with the ` +
        'same delays, and the engine itself on a virtual clock, where neither the harness nor the machine adds anything. ' +
        'The first: Parley as it is, with all its holds times a factor. The second: the same engine with a plain fixed ' +
        'delay, nothing judged and no early answers. Where they are short the words come after the pause, and waiting ' +
        'less for the pause answers nobody sooner.',
      ...(own && parley
        ? [
            `How far virtual time can be trusted: Parley’s defaults give ${told(own)} there, and in real time ${told(parley)}.`,
          ]
        : []),
      ...(level
        ? [
            `Up to LiveKit’s mean delay, on the first curve: the holds times ${level.setting}, with a mean of ` +
              `${Math.round(level.meanMs)} ms.`,
          ]
        : []),
    ],
  };
}
