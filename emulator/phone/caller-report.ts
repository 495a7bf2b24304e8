import { describeFault } from '../../shared/protocol/faults.ts';
import { onOneLine } from '../../shared/terminal-text.ts';
import type { Answer, CallEvent, CallSummary, FaultOfCall, FaultsOfCall } from './caller-events.ts';
import type { TranscriptLine } from './caller-requests.ts';

/** An event as a line for a person. */
export function describeEvent(event: CallEvent): string {
  // What the agent said, a tool's name, a reason: all of it comes from elsewhere.
  return `${clockTime(event.atMs)}  ${onOneLine(describe(event))}`;
}

function describe(event: CallEvent): string {
  switch (event.event) {
    case 'dialling':
      return `dialling ${event.to}`;
    case 'placing':
      return `asked to be called at ${event.number}`;
    case 'ringing':
      return `ringing: ${event.from} is calling`;
    case 'connected':
      return `connected (call ${event.callConnectionId})`;
    case 'session':
      return `session ${event.sessionId}, agent ${event.agent}, mode ${event.mode}, at ${event.time}`;
    case 'media':
      return event.state === 'started' ? 'audio started' : 'audio stopped: the media socket is gone';
    case 'audio-stopped':
      return `agent stopped; ${Math.round(event.droppedMs)} ms of its audio dropped unheard`;
    case 'caller':
      return event.by === 'second' ? `other  ${event.text}` : `you    ${event.text}`;
    case 'joined':
    case 'left':
      return `${event.number} ${event.event} the call`;
    case 'agent-left':
      return 'the agent has left the call, and the others are still there: what they say from now on is not written down';
    case 'hold':
      return event.state === 'on' ? 'on hold' : 'not on hold any more';
    case 'tone':
      return `the agent pressed ${event.tone}`;
    case 'written-down':
      return 'the call is written down now, and nobody answers any more';
    case 'written':
      return `       written down, ${event.speaker}: ${event.text}${describeConfidence(event.confidence)}`;
    case 'answer':
      return `       ${event.firstSoundMs === undefined ? 'answered' : `first sound after ${event.firstSoundMs} ms, answer`} after ${event.latencyMs} ms${describeStages(event)}`;
    case 'missed':
      return `       missed: ${event.problem}`;
    case 'interruption':
      return event.wasSpeaking
        ? `       cut in: agent silent ${event.silentAfterMs} ms after your first sound, ${event.staleFrames} frames of the old answer after that`
        : '       cut in, but the agent had finished before';
    case 'meanwhile':
      return `agent  ${event.text === '' ? '(two tones)' : event.text} [meanwhile]`;
    case 'fault':
      return `       ${event.state === 'on' ? 'fault' : 'fault over'}: ${describeFault(event.fault, event.state)}`;
    case 'faults':
      return `faults: ${describeFaults(event)}`;
    case 'stays':
      return `       all is said; staying on the line, to${clockTime(event.untilMs)}, or until the agent has finished, to hear what failed work again`;
    case 'unread':
      return '       nobody can tell what was said: it is told once somebody can';
    case 'read-late':
      return '       what was said while nobody could tell it:';
    case 'unanswered':
      return `       nobody answered "${event.label}" within ${event.withinMs / 1000} s`;
    case 'not-judged':
      return `       not judged: something was done with the call while "${event.label}" was said`;
    case 'transcript':
      return describeLine(event.line);
    case 'disconnected':
      return `the end: ${event.reason}`;
  }
}

/** What was in force, how much of it was felt, and what the caller heard of it. */
export function describeFaults({ faults, longestSilenceMs, isOnRecord }: FaultsOfCall): string {
  const inForce =
    faults.length === 0
      ? 'Nothing failed: no fault’s time came.'
      : `In force: ${faults.map(describeFaultOfCall).join('; ')}.`;
  const seconds = (longestSilenceMs / 1000).toFixed(1);
  const heard = longestSilenceMs === 0 ? '' : ` You heard nothing for ${seconds} s at most while you waited.`;
  const lost = isOnRecord ? '' : ' What was said is not on record.';
  return `${inForce}${heard}${lost}`;
}

function describeFaultOfCall({ fault, fromMs, untilMs, felt }: FaultOfCall): string {
  const until = untilMs === undefined ? 'the end' : clockTime(untilMs).trim();
  const by = felt === 0 ? ', nobody has felt it' : felt === null ? '' : `, felt ${counted(felt, 'time')}`;
  return `${fault} from ${clockTime(fromMs).trim()} to ${until}${by}`;
}

const describeConfidence = (confidence: number | undefined): string =>
  confidence === undefined ? '' : ` (${Math.round(confidence * 100)} % sure)`;

/** When each stage was reached, by the stream host's clock. */
function describeStages({ stages, filled }: Answer): string {
  const parts = stages
    ? [
        `words ${stages.wordsMs}`,
        `end of turn ${stages.recognisedMs}`,
        `model ${stages.firstTokenMs}`,
        `voice ${stages.firstVoiceMs}`,
        `sent ${stages.firstAudioMs}`,
      ]
    : [];
  if (filled) parts.push('the wait was filled');
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function describeLine(line: TranscriptLine): string {
  switch (line.role) {
    case 'agent':
      return `agent  ${line.to === 'human' ? '(to the human) ' : ''}${line.text}${line.heard === false ? ' [cut off]' : ''}`;
    case 'caller':
      return `       understood: ${line.text}`;
    case 'tool':
      return line.by === 'service'
        ? `       the agent was told: ${line.tool}${statusOf(line.result)}`
        : `       tool ${line.tool} ${JSON.stringify(line.args)}`;
  }
}

/** What has come of something in the call, in a word, such as `human_answered`. */
const statusOf = (result: unknown): string => {
  const status = typeof result === 'object' && result !== null && 'status' in result ? result.status : undefined;
  return typeof status === 'string' ? `, ${status}` : '';
};

/** Minutes, seconds, tenths; before the connection they are negative. */
function clockTime(ms: number): string {
  const tenths = Math.round(Math.abs(ms) / 100);
  const minutes = Math.floor(tenths / 600);
  const seconds = (tenths % 600) / 10;
  return `${ms < 0 ? '-' : ' '}${minutes}:${seconds.toFixed(1).padStart(4, '0')}`;
}

/** The outcome of a call, or why it failed. */
export type CallOutcome = { readonly summary: CallSummary } | { readonly failure: string };

/** Whether the call went well: it was held to its end, and all was understood and answered. */
export const wentWell = (outcome: CallOutcome): boolean => 'summary' in outcome && outcome.summary.missed.length === 0;

/** Latencies of answers, in milliseconds. */
export interface LatencySummary {
  readonly answers: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly slowestMs: number;
}

export interface OutcomesSummary {
  readonly calls: number;
  readonly completed: number;
  readonly missed: number;
  readonly all: LatencySummary | undefined;
  readonly withTool: LatencySummary | undefined;
  readonly withoutTool: LatencySummary | undefined;
}

export function summarise(outcomes: readonly CallOutcome[]): OutcomesSummary {
  const done = outcomes.flatMap((outcome) => ('summary' in outcome ? [outcome.summary] : []));
  const answers = done.flatMap((call) => call.answers);
  return {
    calls: outcomes.length,
    completed: done.length,
    missed: done.reduce((sum, { missed }) => sum + missed.length, 0),
    all: latencies(answers),
    withTool: latencies(answers.filter(({ tools }) => tools.length > 0)),
    withoutTool: latencies(answers.filter(({ tools }) => tools.length === 0)),
  };
}

function latencies(answers: readonly Answer[]): LatencySummary | undefined {
  const sorted = answers.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
  const slowestMs = sorted.at(-1);
  if (slowestMs === undefined) return undefined;
  return { answers: sorted.length, medianMs: percentile(sorted, 0.5), p95Ms: percentile(sorted, 0.95), slowestMs };
}

export function describeOutcomes(outcomes: readonly CallOutcome[]): string {
  const { completed, missed, all, withTool, withoutTool } = summarise(outcomes);
  const calls = outcomes.length === 1 ? '' : `${completed} of ${outcomes.length} calls completed. `;
  if (completed === 0) return calls.trim() || 'The call failed.';
  const written = outcomes.flatMap((outcome) => ('summary' in outcome ? (outcome.summary.written ?? []) : []));
  if (written.length > 0) {
    const phrases = written.reduce((sum, words) => sum + words, 0);
    return `${calls}${counted(phrases, 'phrase')} written down.${missed === 0 ? '' : ` ${missed} not written down.`}`;
  }
  const lost = missed === 0 ? '' : ` ${missed} not understood or not answered.`;
  const kinds = withTool && withoutTool ? ` With a tool: ${brief(withTool)}. Without: ${brief(withoutTool)}.` : '';
  return `${calls}${describeLatencies(all)}${kinds}${lost}${describeGaps(outcomes)}`;
}

function describeLatencies(summary: LatencySummary | undefined): string {
  if (!summary) return 'No answers measured.';
  const { answers, medianMs, p95Ms, slowestMs } = summary;
  if (answers === 1) return `Answered after ${medianMs} ms.`;
  return `${answers} answers: median ${medianMs} ms, p95 ${p95Ms} ms, slowest ${slowestMs} ms from your last sound to the agent's first.`;
}

const brief = ({ answers, medianMs, p95Ms }: LatencySummary): string =>
  answers === 1 ? `1 answer, ${medianMs} ms` : `${answers} answers, median ${medianMs} ms, p95 ${p95Ms} ms`;

/** Says nothing where the line was whole. */
function describeGaps(outcomes: readonly CallOutcome[]): string {
  const gaps = outcomes.flatMap((outcome) => ('summary' in outcome ? outcome.summary.gapsMs : []));
  if (gaps.length === 0) return '';
  const totalMs = gaps.reduce((sum, ms) => sum + ms, 0);
  return ` The agent's voice broke off ${counted(gaps.length, 'time')}, for ${totalMs} ms in all.`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** @param sorted ascending, not empty */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
