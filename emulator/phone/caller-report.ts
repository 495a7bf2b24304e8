import { onOneLine } from '../../shared/terminal-text.ts';
import type { CallEvent, CallSummary } from './caller-events.ts';
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
    case 'media':
      return event.state === 'started' ? 'audio started' : 'audio stopped: the media socket is gone';
    case 'audio-stopped':
      return `agent stopped; ${Math.round(event.droppedMs)} ms of its audio dropped unheard`;
    case 'caller':
      return `you    ${event.text}`;
    case 'answer':
      return `       answer after ${event.latencyMs} ms`;
    case 'interruption':
      return event.wasSpeaking
        ? `       cut in: agent silent ${event.silentAfterMs} ms after your first sound, ${event.staleFrames} frames of the old answer after that`
        : '       cut in, but the agent had finished before';
    case 'transcript':
      return describeLine(event.line);
    case 'disconnected':
      return `disconnected: ${event.reason || event.code}`;
  }
}

function describeLine(line: TranscriptLine): string {
  switch (line.role) {
    case 'agent':
      return `agent  ${line.text}${line.heard === false ? ' [cut off]' : ''}`;
    case 'caller':
      return `       understood: ${line.text}`;
    case 'tool':
      return `       tool ${line.tool} ${JSON.stringify(line.args)}`;
  }
}

/** Minutes, seconds, tenths; before the connection they are negative. */
function clockTime(ms: number): string {
  const tenths = Math.round(Math.abs(ms) / 100);
  const minutes = Math.floor(tenths / 600);
  const seconds = (tenths % 600) / 10;
  return `${ms < 0 ? '-' : ' '}${minutes}:${seconds.toFixed(1).padStart(4, '0')}`;
}

/** The outcome of a call, or why it failed. */
export type CallOutcome = { readonly summary: CallSummary } | { readonly failure: string };

export function describeOutcomes(outcomes: readonly CallOutcome[]): string {
  const done = outcomes.flatMap((outcome) => ('summary' in outcome ? [outcome.summary] : []));
  const latencies = done.flatMap(({ latenciesMs }) => latenciesMs).toSorted((a, b) => a - b);
  const count = outcomes.length === 1 ? '' : `${done.length} of ${outcomes.length} calls completed. `;
  const answers =
    latencies.length === 0
      ? 'No answers measured.'
      : latencies.length === 1
        ? `Answered after ${latencies[0]} ms.`
        : `${latencies.length} answers: median ${percentile(latencies, 0.5)} ms, p95 ${percentile(latencies, 0.95)} ms, slowest ${latencies.at(-1)} ms after the end of your words.`;
  return `${count}${answers}${describeGaps(done)}`;
}

/** Says nothing where the line was whole. */
function describeGaps(calls: readonly CallSummary[]): string {
  const gaps = calls.flatMap((call) => call.gapsMs);
  if (gaps.length === 0) return '';
  const totalMs = gaps.reduce((sum, ms) => sum + ms, 0);
  return ` The agent's voice broke off ${gaps.length} times, for ${totalMs} ms in all.`;
}

/** @param sorted ascending, not empty */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
