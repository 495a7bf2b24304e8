import type { Cancel } from '../../../shared/clock.ts';
import { DependencyError } from '../../../shared/errors.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { ModeHost } from '../../contract/mode.ts';
import type { Synthesiser } from '../../contract/speech.ts';
import type { History } from '../../dialogue/history.ts';
import { SpokenText } from '../../dialogue/spoken-text.ts';
import { Playout, type PlayoutClock } from '../../playout/playout.ts';
import { timedSpeech } from '../../speech/synthesis/timed-speech.ts';

export interface NoticeOptions {
  readonly host: ModeHost;
  readonly history: History;
  readonly text: string;
  readonly synthesiser: Synthesiser;
  readonly playoutClock: PlayoutClock;
}

/** Before all that is written down, so that no words of a speaker have its number. */
const TURN = 0;
const LEAD_MS = 200;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Whether a session has been told already, perhaps by another host. */
export const wasSpoken = (text: string, history: readonly HistoryItem[]): boolean =>
  history.some((item) => item.role === 'agent' && item.text === text && item.heard);

/**
 * Tells a line that it is written down. Half of a notice is none: it is synthesised as a whole before it is played, and
 * tried again with growing pauses until it can be.
 */
export class Notice {
  readonly #options: NoticeOptions;
  readonly #playout: Playout;
  readonly #abort = new AbortController();
  #cancelRetry: Cancel = () => {};
  #retryMs = RETRY_MIN_MS;
  #playing: SpokenText | undefined;

  constructor(options: NoticeOptions) {
    const { host, text, playoutClock } = options;
    this.#options = options;
    this.#playout = new Playout({
      clock: playoutClock,
      sink: host.line,
      leadMs: LEAD_MS,
      maxBufferedMs: Number.POSITIVE_INFINITY,
      inTurn: (task) => host.events.inTurn(task),
      onAudible: () => host.events.emit('agentText', { text, turn: TURN }),
      onPlayed: () => this.#over(Number.POSITIVE_INFINITY, false),
    });
  }

  /** Speaks it as soon as that can be done. Never rejects. */
  async speak(): Promise<void> {
    const { text, host } = this.#options;
    const { signal } = this.#abort;
    const { clock, recorder } = host;
    const synthesiser = timedSpeech({
      synthesiser: this.#options.synthesiser,
      clock,
      onUsed: (usage) => recorder?.used(usage),
      onServed: (request) => recorder?.served?.(request),
    });
    const utterance = this.#playout.prepare(TURN);
    const spoken = new SpokenText();
    spoken.addClause(text, 0);
    try {
      for await (const piece of synthesiser.speak(text, host.agent.voice, signal)) {
        if (piece.type === 'audio') utterance.write(piece.pcm);
        else spoken.addWord(piece.text, piece.startMs, piece.durationMs);
      }
      if (utterance.writtenMs === 0) throw new DependencyError('synthesis.empty', 'The notice has no sound.');
    } catch (error) {
      if (!signal.aborted) this.#tryAgain(error);
      return;
    }
    if (signal.aborted) return;
    spoken.endClause(utterance.writtenMs);
    utterance.end();
    this.#playing = spoken;
    this.#playout.play(utterance);
  }

  /** Falls silent, and does not begin again. Idempotent. */
  stop(cause: 'command' | 'closed'): void {
    this.#abort.abort();
    this.#cancelRetry();
    if (this.#playing) this.#over(this.#playout.stop(cause), true);
  }

  #tryAgain(error: unknown): void {
    const { host } = this.#options;
    host.events.emit('fault', { code: 'notice.unspoken', error });
    this.#cancelRetry = host.clock.after(this.#retryMs, () => void this.speak());
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
  }

  #over(heardMs: number, interrupted: boolean): void {
    const heardText = this.#playing?.heardAt(heardMs) ?? '';
    this.#playing = undefined;
    const { host, history, text } = this.#options;
    host.events.atomic(() => {
      if (heardText !== '') history.append({ role: 'agent', text: heardText, heard: heardText === text });
      host.events.emit('agentSpoke', { turn: TURN, fullText: text, heardText, interrupted });
    });
  }
}
