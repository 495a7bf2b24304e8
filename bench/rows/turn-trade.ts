import { ClauseCutter } from '../../stream-host/conversation/mouth/clauses.ts';
import type { Scene } from '../corpus/scene.ts';
import { SHORT_ANSWER } from '../harness/agent-clip.ts';
import type { SessionSettings } from '../harness/protocol.ts';
import { measure, percentOf } from '../harness/statistics.ts';
import type { Line, Measure, Plot, RowResult, Series } from '../row.ts';
import { tokensOf } from '../subjects/wait.ts';
import { type TradeCurves, type TradePoint, tradeCurves } from '../turn-taking/trade-curve.ts';

/** What a subject did in real time on the scenes of the curves. */
export interface PlayedPoint {
  readonly name: string;
  readonly meanMs: number;
  readonly cutOffs: readonly boolean[];
}

export interface TurnTradeOptions {
  readonly scenes: readonly Scene[];
  /** What the scripted model and voice took in real time. */
  readonly providers: Pick<SessionSettings, 'llm' | 'tts'>;
  readonly played: readonly PlayedPoint[];
  readonly signal: AbortSignal;
}

const PEER = 'livekit-default';
/** The name of the entry that waits a plain fixed delay in real time. */
export const FIXED = 'LiveKit, fixed 500 ms';
/** Enough words beside the curves to read them by. */
const MARKED_FACTORS = new Set([0.4, 1, 1.6, 2, 3]);
const MARKED_DELAYS_MS = new Set([200, 500, 800, 1000, 1500]);

/** How long the agent waits against how often it cuts in, over many policies; and where the subjects are. */
export async function turnTrade({ scenes, providers, played, signal }: TurnTradeOptions): Promise<RowResult> {
  const curves = await tradeCurves(scenes, { delays: virtualDelays(providers), signal });
  const peer = played.find(({ name }) => name === PEER);
  const level = peer && longestUpTo(curves.scaled, peer.meanMs);
  return {
    lines: level && peer ? [levelLine(level, peer)] : [],
    plots: [plotOf(curves, played, scenes.length)],
    notes: [
      `The curves are of virtual time: the same ${scenes.length} scenes, real voice activity, the same delays of the model ` +
        'and the voice, and the engine itself on a virtual clock, where neither the harness nor the machine adds anything. ' +
        'The first: Parley as it is, with all its holds times a factor. The second: the same engine with a plain fixed ' +
        'delay, nothing judged and no early answers. Where they are short the words come after the pause, and waiting ' +
        'less for the pause answers nobody sooner.',
      ...agreementNote(curves.scaled, played),
      ...(level ? levelNote(level) : []),
    ],
  };
}

/** The virtual model gives its text at once: when the first clause would have stood, which is what the voice waits for. */
function virtualDelays({ llm, tts }: TurnTradeOptions['providers']) {
  const cutter = new ClauseCutter();
  const tokens = tokensOf(SHORT_ANSWER).findIndex((token) => cutter.push(token).length > 0);
  return { firstTokenMs: llm.firstTokenMs + Math.max(0, tokens) * llm.tokenMs, firstAudioMs: tts.firstAudioMs };
}

/** The point of a curve that waits longest, but on average no longer than this. */
function longestUpTo(curve: readonly TradePoint[], meanMs: number): TradePoint | undefined {
  return curve.filter((point) => point.meanMs <= meanMs && point.unanswered === 0).at(-1);
}

function levelLine({ cutOffs }: TradePoint, peer: PlayedPoint): Line {
  const result = (of: readonly boolean[]): Measure | { readonly none: string } => measure(of, percentOf);
  return {
    label: 'turns cut off with Parley’s holds made longer, up to LiveKit’s mean delay (virtual time)',
    unit: '%',
    target: `< ${PEER}`,
    better: 'lower',
    results: { parley: result(cutOffs), [PEER]: result(peer.cutOffs) },
  };
}

const levelNote = ({ setting, meanMs }: TradePoint): string[] => [
  `Up to LiveKit’s mean delay, on the first curve: the holds times ${setting}, with a mean of ${Math.round(meanMs)} ms.`,
];

function agreementNote(scaled: readonly TradePoint[], played: readonly PlayedPoint[]): string[] {
  const own = scaled.find(({ setting }) => setting === 1);
  const parley = played.find(({ name }) => name === 'parley');
  if (!own || !parley) return [];
  const told = (meanMs: number, cutOffs: readonly boolean[]) =>
    `${Math.round(meanMs)} ms and ${cutOffs.filter((cutOff) => cutOff).length} cut off`;
  return [
    `How far virtual time can be trusted: Parley’s defaults give ${told(own.meanMs, own.cutOffs)} there, and in real time ` +
      `${told(parley.meanMs, parley.cutOffs)}.`,
  ];
}

function plotOf({ scaled, fixed }: TradeCurves, played: readonly PlayedPoint[], scenes: number): Plot {
  const points = played.map(({ name, meanMs, cutOffs }): Series => {
    return { name: `${name}, real time`, points: [[meanMs, percentOf(cutOffs)]] };
  });
  const curve = (name: string, of: readonly TradePoint[], mark: (setting: number) => string, like: string): Series => ({
    name: `${name} (virtual time)`,
    points: of.map(({ meanMs, cutOffs }) => [meanMs, percentOf(cutOffs)]),
    marks: of.map(({ setting }) => mark(setting)),
    ...(played.some(({ name: known }) => known === like) && { colourOf: `${like}, real time` }),
  });
  return {
    file: 'turn-trade.svg',
    title: `Hesitation set, ${scenes} scenes: how long the agent waits against how often it cuts in`,
    kind: 'line',
    xLabel: 'mean ms from the end of the turn to the agent, turns that were not cut off',
    yLabel: '% of turns cut off',
    series: [
      ...points,
      curve(
        'Parley, its holds × 0.4 to × 3',
        scaled,
        (factor) => (MARKED_FACTORS.has(factor) ? `× ${factor}` : ''),
        'parley',
      ),
      curve('one fixed delay', fixed, (delayMs) => (MARKED_DELAYS_MS.has(delayMs) ? `${delayMs} ms` : ''), FIXED),
    ],
  };
}
