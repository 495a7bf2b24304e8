import { DEFAULT_TURN_POLICY, type TurnPolicyChanges } from '../../stream-host/conversation/turns/turn-policy.ts';
import type { Scene } from '../corpus/scene.ts';
import type { Runs } from '../harness/contest.ts';
import { answerDelaysOf, type SceneSettings, turnEndOf } from '../harness/scenes.ts';
import { virtualScenes } from '../harness/virtual-scenes.ts';
import type { ReportedLine, Subject } from '../report/run-report.ts';
import { parleyLine, type RowResult } from '../row.ts';
import { mean, measure, percentOf } from '../statistics.ts';

const PEER = 'livekit-default';
export const HOLD_FACTORS = [0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3];

/** One policy's place between waiting too long and cutting in. The mean is over the turns that were not cut off. */
function pointOf(runs: Runs) {
  const ends = runs.map(turnEndOf);
  return {
    meanMs: mean(answerDelaysOf(runs)).value,
    cutOffs: ends.map(({ cutOff }) => cutOff),
    isComplete: ends.every(({ cutOff, answeredAfterMs }) => cutOff || answeredAfterMs !== undefined),
  };
}

/** The engine as it is, but with all pauses that end a turn longer or shorter. */
export function scaledHolds(factor: number): TurnPolicyChanges {
  const { endpointing, onset } = DEFAULT_TURN_POLICY;
  // What is shorter than a pause cannot end a turn.
  const scaled = (holdMs: number) => Math.max(onset.pauseMs, Math.round(factor * holdMs));
  const { minHoldMs, holdMs, maxHoldMs } = endpointing;
  return { endpointing: { minHoldMs: scaled(minHoldMs), holdMs: scaled(holdMs), maxHoldMs: scaled(maxHoldMs) } };
}

/**
 * How long the agent waits against how often it cuts in, over many lengths of its holds; and where the subjects are.
 * @param played what the subjects did in real time on the same scenes
 */
export async function turnTrade(
  scenes: readonly Scene[],
  providers: Omit<SceneSettings, 'policy'>,
  played: ReadonlyMap<Subject, Runs>,
  signal: AbortSignal,
): Promise<RowResult> {
  const curve: (ReturnType<typeof pointOf> & { readonly factor: number })[] = [];
  const virtual = await virtualScenes();
  try {
    for (const factor of HOLD_FACTORS) {
      signal.throwIfAborted();
      const policy = { ...scaledHolds(factor) };
      curve.push({ factor, ...pointOf(await virtual.play(scenes, { ...providers, policy })) });
    }
  } finally {
    await virtual.close();
  }
  const peer = pointOf(played.get(PEER) ?? []);
  /** The point of the curve that waits longest, but on average no longer than the peer. */
  const level = curve.findLast(({ meanMs, isComplete }) => meanMs <= peer.meanMs && isComplete);
  const told = ({ meanMs, cutOffs }: ReturnType<typeof pointOf>) =>
    `${Math.round(meanMs)} ms and ${cutOffs.filter((cutOff) => cutOff).length} cut off`;
  const levelLine = (own: typeof peer): ReportedLine => ({
    label: 'turns cut off with Parley’s holds made longer, up to LiveKit’s mean delay (virtual time)',
    ...{ unit: '%', target: `< ${PEER}` },
    results: { parley: measure(own.cutOffs, percentOf), [PEER]: measure(peer.cutOffs, percentOf) },
  });
  const pointLine = ({ factor, meanMs, cutOffs }: (typeof curve)[number]) => {
    const label = `holds × ${factor}: turns cut off, at a mean delay of ${Math.round(meanMs)} ms (virtual time)`;
    return parleyLine(label, '%', measure(cutOffs, percentOf));
  };
  const own = curve.filter(({ factor }) => factor === 1).map(told);
  const inRealTime = told(pointOf(played.get('parley') ?? []));
  return {
    lines: [...(level ? [levelLine(level)] : []), ...curve.map(pointLine)],
    notes: [
      `The lines of virtual time are a curve: the same ${scenes.length} scenes, real voice activity, the same model and voice ` +
        'with the same delays, and the engine itself on a virtual clock, where neither the harness nor the machine adds ' +
        'anything: Parley as it is, with all its holds times a factor. Where they are short the words come after the pause, ' +
        'and waiting less for the pause answers nobody sooner.',
      ...(played.has('parley')
        ? [`How far virtual time can be trusted: Parley’s defaults give ${own} there, and in real time ${inRealTime}.`]
        : []),
      ...(level ? [`Up to LiveKit’s mean delay, on the curve: the holds times ${level.factor}, ${told(level)}.`] : []),
    ],
  };
}
