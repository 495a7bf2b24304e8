import type { BrowserMessage, Envelope } from '../shared/protocol/browser.ts';
import { spentText } from './spent.ts';

export interface ToolUse {
  readonly callId: string;
  readonly name: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly args: unknown;
  /** What it gave back, or why it failed. */
  readonly result?: unknown;
  readonly elapsedMs?: number;
}

/** When an answer's stages were reached, from the end of the caller's speech. */
export interface Latency {
  readonly wordsMs: number;
  readonly turnOverMs: number;
  readonly firstTokenMs: number;
  readonly firstVoiceMs: number;
  readonly firstSoundMs: number;
}

interface LineOf<Kind extends string> {
  readonly kind: Kind;
  readonly id: number;
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

export interface CallerLine extends LineOf<'caller'> {
  /** Names the turn that the words opened; missing while they may still change. */
  readonly turn?: string;
  /** Who said it, where the session is only written down: `caller`, `callee`, `participant-3`, `line`. */
  readonly speaker?: string;
  /** Why the words were never finished, in a word or two. */
  readonly broken?: string;
}

export interface AgentLine extends LineOf<'agent'> {
  readonly turn: string;
  readonly tools: readonly ToolUse[];
  readonly latency?: Latency;
  /** So much of it has been heard, as far as the server has told. */
  readonly heard?: string;
  /** Set when the answer is over: what of it was heard, and what was not because the caller cut in. */
  readonly spoken?: { readonly heard: string; readonly unheard: string; readonly cutOff: boolean };
  /** The human whom the caller is put through to heard it, and the caller did not. */
  readonly to?: 'human';
  /** Why the end was never told: nobody knows what was heard beyond what was told before. */
  readonly broken?: string;
}

export type NoteLine = LineOf<'note'>;

export type Line = CallerLine | AgentLine | NoteLine;

/** What was said in one talk or call, as the page shows it. Immutable: a line that did not change is the same object. */
export interface Dialogue {
  readonly lines: readonly Line[];
  readonly nextId: number;
  /** Lines with an id below this are never changed again, whatever comes. */
  readonly sealedTo: number;
  /** What was said to be out of order and not yet to be mended. */
  readonly ailing: readonly string[];
  /** What it has used and cost so far, for people. */
  readonly spent?: string;
}

export const EMPTY_DIALOGUE: Dialogue = { lines: [], nextId: 1, sealedTo: 1, ailing: [] };

/** Older lines leave the page. */
export const MOST_LINES = 200;

const ANSWERED_BY: Readonly<Record<Extract<BrowserMessage, { type: 'answered_by' }>['verdict'], string>> = {
  human: 'A person has answered.',
  voicemail: 'An answering machine has answered.',
  menu: 'A menu has answered.',
  unavailable: 'Nobody can be reached at this number.',
  unsure: 'It is not clear who has answered.',
};

const KEYS_COLLECTED: Readonly<Record<Extract<BrowserMessage, { type: 'keys_collected' }>['status'], string>> = {
  right: 'entered and right',
  not_right: 'not right',
  nothing: 'nothing was entered',
  failed: 'could not be checked',
  replaced: 'not wanted any more',
  call_over: 'the call is over',
};

/**
 * The dialogue after a message of the server. Messages that say nothing to be shown leave it as it is.
 * @param at when the message came, in milliseconds since 1970
 * @param self what the server calls the person at this page, where it tells speakers apart
 */
export function tell(dialogue: Dialogue, message: BrowserMessage, at: number, self = 'caller'): Dialogue {
  switch (message.type) {
    case 'user_partial':
      return tellPartial(wellAgain(dialogue, message.content, at), message.content, at);
    case 'user_final':
      return tellFinal(wellAgain(dialogue, message.content, at), message.content, message.turn_id, at);
    case 'transcript_partial':
      return tellSpeaker(wellAgain(dialogue, message.content, at), self, message, undefined, at);
    case 'transcript_final':
      return tellSpeaker(wellAgain(dialogue, message.content, at), self, message, message.turn_id, at);
    case 'status':
    case 'assistant_streaming':
    case 'error':
      return tellEnvelope(dialogue, message, at);
    case 'assistant_heard':
      // Of an answer that is still waited for nothing is heard, and nothing stands there.
      if (message.heard === '') return dialogue;
      return changeAnswer(dialogue, message.turn_id, at, (answer) =>
        answer.spoken ? answer : { ...answer, heard: message.heard },
      );
    case 'assistant_spoken':
      return changeAnswer(dialogue, message.turn_id, at, (answer) => ({
        ...answer,
        text: message.full,
        spoken: { ...splitAtHeard(message.full, message.heard), cutOff: message.interrupted },
        ...(message.to && { to: message.to }),
      }));
    case 'turn_latency':
      return changeAnswer(dialogue, message.turn_id, at, (answer) => ({
        ...answer,
        latency: {
          wordsMs: message.words_ms,
          turnOverMs: message.recognised_ms,
          firstTokenMs: message.first_token_ms,
          firstVoiceMs: message.first_voice_ms,
          firstSoundMs: message.first_audio_ms,
        },
      }));
    case 'tool_start':
      return changeAnswer(dialogue, message.turn_id, at, (answer) => ({
        ...answer,
        tools: [...answer.tools, { callId: message.callId, name: message.tool, state: 'running', args: message.args }],
      }));
    case 'tool_end':
      return changeAnswer(dialogue, message.turn_id, at, (answer) => ({
        ...answer,
        tools: answer.tools.map((tool) => (tool.callId === message.callId ? ended(tool, message) : tool)),
      }));
    case 'call_spent':
      return { ...dialogue, spent: spentText(message) };
    case 'wait_filled':
      return note(dialogue, message.content === '' ? 'Meanwhile: two tones.' : `Meanwhile: “${message.content}”`, at);
    case 'answered_by':
      return note(dialogue, ANSWERED_BY[message.verdict], at);
    case 'keys_collected':
      return note(dialogue, `Keys of the telephone, ${message.name}: ${KEYS_COLLECTED[message.status]}.`, at);
    case 'notice':
      return note({ ...dialogue, ailing: [...dialogue.ailing, message.code] }, message.message, at);
    default:
      return dialogue;
  }
}

/** Adds a remark of the page itself. The same remark twice in a row is one. */
export function note(dialogue: Dialogue, text: string, at: number): Dialogue {
  const last = dialogue.lines.at(-1);
  if (last?.kind === 'note' && last.text === text) return dialogue;
  return add(dialogue, (id) => ({ kind: 'note', id, at, text }));
}

/**
 * The line to the server was lost, or all is over: what stands here is never changed again.
 * @param why what is written behind that which is not finished
 */
export function seal(dialogue: Dialogue, why = 'line lost'): Dialogue {
  const lines = dialogue.lines.map((line): Line => {
    const unfinished = (line.kind === 'caller' && line.turn === undefined) || (line.kind === 'agent' && !line.spoken);
    if (!unfinished || line.broken) return line;
    // What was last told to be heard is all that is known of it.
    const isKnown = line.kind === 'agent' && line.heard !== undefined;
    const spoken = isKnown && { spoken: { ...splitAtHeard(line.text, line.heard ?? ''), cutOff: true } };
    return { ...line, broken: why, ...spoken };
  });
  return { ...dialogue, lines, sealedTo: dialogue.nextId, ailing: [] };
}

/** `heard` is the start of `full`, give or take spaces: counted in words, so that spacing cannot tear one apart. */
export function splitAtHeard(full: string, heard: string): { heard: string; unheard: string } {
  const words = full.match(/\S+\s*/g) ?? [];
  const heardCount = heard.match(/\S+/g)?.length ?? 0;
  return { heard: words.slice(0, heardCount).join(''), unheard: words.slice(heardCount).join('') };
}

/** Words have come: so what was said to be out of order works again. */
function wellAgain(dialogue: Dialogue, words: string, at: number): Dialogue {
  const recognises = ['recogniser.recovering', 'recogniser.failed'];
  if (words === '' || !dialogue.ailing.some((code) => recognises.includes(code))) return dialogue;
  const ailing = dialogue.ailing.filter((code) => !recognises.includes(code));
  return note({ ...dialogue, ailing }, 'Speech recognition works again.', at);
}

function tellPartial(dialogue: Dialogue, text: string, at: number): Dialogue {
  const open = dialogue.lines.findLast((line) => isOpen(dialogue, line));
  if (open !== undefined && open === dialogue.lines.at(-1) && text !== '')
    return replace(dialogue, open, { ...open, text });
  const rest = open === undefined ? dialogue : remove(dialogue, open);
  return text === '' ? rest : add(rest, (id) => ({ kind: 'caller', id, at, text }));
}

function tellFinal(dialogue: Dialogue, text: string, turn: string, at: number): Dialogue {
  // The words of a turn may be corrected after it has begun.
  const told = dialogue.lines.findLast(
    (line) => !isSealed(dialogue, line) && line.kind === 'caller' && (line.turn ?? turn) === turn,
  );
  if (told?.kind === 'caller') return replace(dialogue, told, { ...told, text, turn });
  return add(dialogue, (id) => ({ kind: 'caller', id, at, text, turn }));
}

/** Several may speak at a time: the words of each stay in one line until they are finished. */
function tellSpeaker(
  dialogue: Dialogue,
  self: string,
  { speaker: named, content: text }: { readonly speaker: string; readonly content: string },
  turn: string | undefined,
  at: number,
): Dialogue {
  const speaker = named === self ? undefined : named;
  const finished = turn !== undefined && { turn };
  const open = dialogue.lines.find((line) => isOpen(dialogue, line) && line.speaker === speaker);
  if (open) return replace(dialogue, open, { ...open, text, ...finished });
  return add(dialogue, (id) => ({
    kind: 'caller',
    id,
    at,
    text,
    ...(speaker !== undefined && { speaker }),
    ...finished,
  }));
}

/** The agent, and whom it speaks to where that is not the caller. */
export const agentName = ({ to }: AgentLine): string => (to === undefined ? 'Agent' : 'Agent, to the human');

/** Of a speaker, for people. */
export function speakerName(speaker: string | undefined): string {
  if (speaker === undefined) return 'You';
  const words = speaker.replaceAll('-', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function tellEnvelope(dialogue: Dialogue, { type, sender, payload }: Envelope, at: number): Dialogue {
  const { content, message } = payload;
  const turn = String(payload.turn_id);
  // The greeting. A status of the agent's own repeats an answer that was streamed.
  if (type === 'status' && sender === 'System' && typeof message === 'string') {
    return changeAnswer(dialogue, turn, at, (answer) => ({ ...answer, text: message }));
  }
  if (type === 'assistant_streaming' && typeof content === 'string') {
    return changeAnswer(dialogue, turn, at, (answer) =>
      answer.spoken
        ? answer
        : { ...answer, text: answer.text + content, ...(payload.to === 'human' && { to: payload.to }) },
    );
  }
  return type === 'error' && typeof message === 'string' ? note(dialogue, message, at) : dialogue;
}

function ended(tool: ToolUse, end: Extract<BrowserMessage, { type: 'tool_end' }>): ToolUse {
  const state = end.status === 'success' ? 'done' : 'failed';
  return { ...tool, state, elapsedMs: end.elapsedMs, result: end.error ?? end.result };
}

/** Changes the answer of a turn; begins it where there is none. */
function changeAnswer(
  dialogue: Dialogue,
  turn: string,
  at: number,
  change: (answer: AgentLine) => AgentLine,
): Dialogue {
  const found = dialogue.lines.findLast(
    (line) => line.kind === 'agent' && line.turn === turn && !isSealed(dialogue, line),
  );
  if (found?.kind === 'agent') return replace(dialogue, found, change(found));
  // A turn of which no sound was sent has no end: the next one tells that it is over.
  const lines = dialogue.lines.map((line) =>
    line.kind === 'agent' && !line.spoken && !line.broken ? { ...line, broken: 'not said' } : line,
  );
  return add({ ...dialogue, lines }, (id) => change({ kind: 'agent', id, at, turn, text: '', tools: [] }));
}

const isSealed = (dialogue: Dialogue, line: Line): boolean => line.id < dialogue.sealedTo;

const isOpen = (dialogue: Dialogue, line: Line): line is CallerLine =>
  line.kind === 'caller' && line.turn === undefined && !isSealed(dialogue, line);

function add(dialogue: Dialogue, create: (id: number) => Line): Dialogue {
  const lines = [...dialogue.lines, create(dialogue.nextId)].slice(-MOST_LINES);
  return { ...dialogue, lines, nextId: dialogue.nextId + 1 };
}

function replace(dialogue: Dialogue, old: Line, line: Line): Dialogue {
  if (old === line) return dialogue;
  return { ...dialogue, lines: dialogue.lines.map((each) => (each === old ? line : each)) };
}

function remove(dialogue: Dialogue, line: Line): Dialogue {
  return { ...dialogue, lines: dialogue.lines.filter((each) => each !== line) };
}
