import type { BrowserMessage, Envelope } from '../shared/protocol/browser.ts';

export interface ToolUse {
  readonly callId: string;
  readonly name: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly elapsedMs?: number;
}

export interface Latency {
  readonly recognisedMs: number;
  readonly firstTokenMs: number;
  readonly firstAudioMs: number;
}

export interface CallerLine {
  readonly kind: 'caller';
  readonly id: number;
  readonly text: string;
  /** The turn that the words opened; missing while they may still change. */
  readonly turn?: number;
}

export interface AgentLine {
  readonly kind: 'agent';
  readonly id: number;
  /** Missing until a message names it: the pieces of an answer need not. */
  readonly turn?: number;
  readonly text: string;
  readonly tools: readonly ToolUse[];
  readonly latency?: Latency;
  /** Set when the answer is over: what of it was heard, and what was not because the caller cut in. */
  readonly spoken?: { readonly heard: string; readonly unheard: string; readonly cutOff: boolean };
}

export interface NoteLine {
  readonly kind: 'note';
  readonly id: number;
  readonly text: string;
}

export type Line = CallerLine | AgentLine | NoteLine;

/** What was said, as the page shows it. Immutable: a line that did not change is the same object. */
export interface Dialogue {
  readonly lines: readonly Line[];
  readonly nextId: number;
}

export const EMPTY_DIALOGUE: Dialogue = { lines: [], nextId: 1 };

/** Older lines leave the page. */
export const MOST_LINES = 200;

/** The dialogue after a message of the server. Messages that say nothing to be shown leave it as it is. */
export function tell(dialogue: Dialogue, message: BrowserMessage): Dialogue {
  switch (message.type) {
    case 'user_partial':
      return tellPartial(dialogue, message.content);
    case 'user_final':
      return tellFinal(dialogue, message.content, message.turn);
    case 'status':
    case 'assistant_streaming':
    case 'error':
      return tellEnvelope(dialogue, message);
    case 'assistant_spoken':
      return changeAnswer(dialogue, message.turn, (answer) => ({
        ...answer,
        text: message.full,
        spoken: { ...splitAtHeard(message.full, message.heard), cutOff: message.interrupted },
      }));
    case 'turn_latency':
      return changeAnswer(dialogue, message.turn, (answer) => ({
        ...answer,
        latency: {
          recognisedMs: message.recognised_ms,
          firstTokenMs: message.first_token_ms,
          firstAudioMs: message.first_audio_ms,
        },
      }));
    case 'tool_start':
      return changeAnswer(dialogue, undefined, (answer) => ({
        ...answer,
        tools: [...answer.tools, { callId: message.callId, name: message.tool, state: 'running' }],
      }));
    case 'tool_end':
      return endTool(dialogue, message.callId, message.status === 'success' ? 'done' : 'failed', message.elapsedMs);
    case 'wait_filled':
      return note(dialogue, `Meanwhile: “${message.content}”`);
    case 'notice':
      return note(dialogue, message.message);
    default:
      return dialogue;
  }
}

/** Adds a remark of the page itself. The same remark twice in a row is one. */
export function note(dialogue: Dialogue, text: string): Dialogue {
  const last = dialogue.lines.at(-1);
  if (last?.kind === 'note' && last.text === text) return dialogue;
  return add(dialogue, (id) => ({ kind: 'note', id, text }));
}

/** `heard` is the start of `full`, give or take spaces: counted in words, so that spacing cannot tear one apart. */
export function splitAtHeard(full: string, heard: string): { heard: string; unheard: string } {
  const words = full.match(/\S+\s*/g) ?? [];
  const heardCount = heard.match(/\S+/g)?.length ?? 0;
  return { heard: words.slice(0, heardCount).join(''), unheard: words.slice(heardCount).join('') };
}

function tellPartial(dialogue: Dialogue, text: string): Dialogue {
  const open = dialogue.lines.findLast(isOpen);
  if (open !== undefined && open === dialogue.lines.at(-1) && text !== '')
    return replace(dialogue, open, { ...open, text });
  const rest = open === undefined ? dialogue : remove(dialogue, open);
  return text === '' ? rest : add(rest, (id) => ({ kind: 'caller', id, text }));
}

function tellFinal(dialogue: Dialogue, text: string, turn: number): Dialogue {
  // The words of a turn may be corrected after it has begun.
  const line = dialogue.lines.findLast((each) => each.kind === 'caller' && (each.turn ?? turn) === turn);
  if (line?.kind === 'caller') return replace(dialogue, line, { ...line, text, turn });
  return add(dialogue, (id) => ({ kind: 'caller', id, text, turn }));
}

function tellEnvelope(dialogue: Dialogue, { type, sender, payload }: Envelope): Dialogue {
  const { content, message } = payload;
  // The greeting. A status of the agent's own repeats an answer that was streamed.
  if (type === 'status' && sender === 'System' && typeof message === 'string') {
    return changeAnswer(dialogue, undefined, (answer) => ({ ...answer, text: message }));
  }
  if (type === 'assistant_streaming' && typeof content === 'string') {
    return changeAnswer(dialogue, undefined, (answer) =>
      answer.spoken ? answer : { ...answer, text: answer.text + content },
    );
  }
  return type === 'error' && typeof message === 'string' ? note(dialogue, message) : dialogue;
}

function endTool(dialogue: Dialogue, callId: string, state: 'done' | 'failed', elapsedMs: number): Dialogue {
  const answer = dialogue.lines.findLast(
    (line) => line.kind === 'agent' && line.tools.some((tool) => tool.callId === callId),
  );
  if (answer?.kind !== 'agent') return dialogue;
  const tools = answer.tools.map((tool) => (tool.callId === callId ? { ...tool, state, elapsedMs } : tool));
  return replace(dialogue, answer, { ...answer, tools });
}

/** Changes the answer of a turn, or the one in progress where `turn` is not known; begins it where there is none. */
function changeAnswer(
  dialogue: Dialogue,
  turn: number | undefined,
  change: (answer: AgentLine) => AgentLine,
): Dialogue {
  const current = answerInProgress(dialogue.lines);
  const numbered = dialogue.lines.findLast((line) => line.kind === 'agent' && line.turn === turn);
  const answer = turn !== undefined && numbered?.kind === 'agent' ? numbered : current;
  const known = turn !== undefined && { turn };
  if (answer === undefined || (known && answer.turn !== undefined && answer.turn !== turn)) {
    return add(dialogue, (id) => change({ kind: 'agent', id, text: '', tools: [], ...known }));
  }
  return replace(dialogue, answer, change({ ...answer, ...known }));
}

/** The last answer that is not over, unless the caller has asked something new since. */
function answerInProgress(lines: readonly Line[]): AgentLine | undefined {
  const last = lines.findLast((line) => line.kind === 'agent' || (line.kind === 'caller' && !isOpen(line)));
  return last?.kind === 'agent' && !last.spoken ? last : undefined;
}

function isOpen(line: Line): line is CallerLine {
  return line.kind === 'caller' && line.turn === undefined;
}

function add(dialogue: Dialogue, create: (id: number) => Line): Dialogue {
  const lines = [...dialogue.lines, create(dialogue.nextId)].slice(-MOST_LINES);
  return { lines, nextId: dialogue.nextId + 1 };
}

function replace(dialogue: Dialogue, old: Line, line: Line): Dialogue {
  return { ...dialogue, lines: dialogue.lines.map((each) => (each === old ? line : each)) };
}

function remove(dialogue: Dialogue, line: Line): Dialogue {
  return { ...dialogue, lines: dialogue.lines.filter((each) => each !== line) };
}
