import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { ModelEvent } from './faulty-model.ts';
import type { Speech } from './faulty-synthesiser.ts';

interface ReplyRecord {
  readonly signal: AbortSignal;
  done: 'ended' | 'threw' | 'aborted' | undefined;
  text: string;
  spoke: boolean;
  /** Something happened that explains an answer of which nothing was heard: a fault, a button. */
  excused: boolean;
}

export interface RepliesOptions {
  readonly speeches: readonly Speech[];
  readonly heardMs: (speech: number) => number;
  readonly onViolation: (rule: string, detail: string) => void;
}

const OPENING = 0;

/** Keeps the books of the agent's answers: which were asked for, what came to the caller's ear, what the history says. */
export class RepliesLedger {
  readonly #options: RepliesOptions;
  readonly #replies = new Map<number, ReplyRecord>();
  readonly #over = new Set<number>();
  readonly #toolsEnded: string[] = [];

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  onModel(event: ModelEvent): void {
    const record = this.#replies.get(event.reply);
    if (event.type === 'asked') {
      const active = [...this.#replies].find(([, other]) => other.done === undefined && !other.signal.aborted);
      if (active) this.#options.onViolation('two-answers-at-once', `r${event.reply} while r${active[0]} goes on`);
      const { signal } = event;
      this.#replies.set(event.reply, { signal, done: undefined, text: '', spoke: false, excused: false });
    } else if (event.type === 'done' && record) {
      Object.assign(record, { done: event.how, text: event.text });
    }
  }

  /** An answer was begun early and thrown away. What it was to answer may have been asked again by the time it is told. */
  draftDropped(): void {
    const dropped = [...this.#replies].findLast(([, { signal, spoke }]) => signal.aborted && !spoke);
    if (dropped) this.#replies.delete(dropped[0]);
  }

  /** A fault was told, or somebody pressed the button: the newest answer may have no sound. */
  excuse(): void {
    const newest = [...this.#replies.values()].at(-1);
    if (newest) newest.excused = true;
  }

  toolEnded(callId: string): void {
    this.#toolsEnded.push(callId);
  }

  frame(speech: number): void {
    const reply = replyOf(this.#options.speeches[speech - 1]?.text ?? '');
    if (reply !== undefined && this.#over.has(reply)) {
      this.#options.onViolation('stale-frame', `of synthesis ${speech}, after r${reply} was over`);
    }
  }

  spoke(spoken: { fullText: string; heardText: string; interrupted: boolean }, history: readonly HistoryItem[]): void {
    const reply = replyOf(spoken.fullText);
    if (reply === undefined) return;
    if (this.#over.has(reply)) this.#options.onViolation('spoken-twice', `r${reply}`);
    this.#over.add(reply);
    const record = this.#replies.get(reply);
    if (record) record.spoke = true;
    const heard = agentWords(spoken.heardText);
    const inHistory = history.flatMap((item) => (item.role === 'agent' ? agentWords(item.text, reply) : []));
    if (heard.join() !== inHistory.join()) {
      this.#options.onViolation('history-differs-from-event', `${heard.join(' ')} | ${inHistory.join(' ')}`);
    }
    this.#compareWithEar(reply, heard);
  }

  /** What is wrong once everything has come to rest. */
  checkAtRest(history: readonly HistoryItem[]): void {
    const { onViolation } = this.#options;
    const newest = [...this.#replies].at(-1);
    if (newest) {
      const [number, { spoke, excused, done, text, signal }] = newest;
      const nothingToSay = done === 'ended' && text.trim() === '';
      if (!spoke && !excused && !nothingToSay) {
        onViolation('answer-vanished', `r${number} (${done ?? 'open'}, ${signal.aborted ? '' : 'not '}aborted)`);
      }
    }
    const tools = history.flatMap((item) => (item.role === 'tool' ? [item.call.callId] : []));
    if (tools.toSorted().join() !== this.#toolsEnded.toSorted().join()) {
      onViolation('tools-differ', `ran ${this.#toolsEnded.join(' ')}, history ${tools.join(' ')}`);
    }
    const words = history.flatMap((item) => (item.role === 'agent' ? agentWords(item.text) : []));
    if (new Set(words).size !== words.length) onViolation('agent-words-twice', words.join(' '));
    const unspoken = words.find((word) => !this.#over.has(replyOf(word) ?? OPENING));
    if (unspoken !== undefined) onViolation('history-of-an-unspoken-answer', unspoken);
  }

  /** The words that the history calls heard, against those that came to the ear: one word more or less at the cut. */
  #compareWithEar(reply: number, heard: readonly string[]): void {
    const { speeches, heardMs, onViolation } = this.#options;
    const expected: string[] = [];
    let vague = false;
    for (const [at, speech] of speeches.entries()) {
      if (replyOf(speech.text) !== reply) continue;
      const untilMs = heardMs(at + 1);
      const words = speech.words.filter((word) => word.startMs + word.durationMs / 2 <= untilMs);
      expected.push(...words.flatMap((word) => agentWords(word.text)));
      vague ||= speech.untold && untilMs < speech.durationMs;
    }
    const common = Math.min(heard.length, expected.length);
    const differs = heard.slice(0, common).join() !== expected.slice(0, common).join();
    const off = Math.abs(heard.length - expected.length);
    if (differs || (!vague && off > 1)) {
      const detail = `r${reply}: history has ${heard.length} words, the ear ${expected.length}`;
      onViolation(
        'history-differs-from-ear',
        differs ? `${detail}; ${heard.join(' ')} | ${expected.join(' ')}` : detail,
      );
    }
  }
}

function replyOf(text: string): number | undefined {
  const match = /\br(\d+)w\d/.exec(text);
  return match ? Number(match[1]) : undefined;
}

function agentWords(text: string, ofReply?: number): string[] {
  const words = text.match(/\br\d+w\d+/g) ?? [];
  return ofReply === undefined ? words : words.filter((word) => replyOf(word) === ofReply);
}
