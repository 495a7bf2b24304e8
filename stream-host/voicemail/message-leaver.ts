import type { Cancel, Clock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { ModeHost } from '../contract/mode.ts';
import type { Synthesiser } from '../contract/speech.ts';
import type { History } from '../dialogue/history.ts';
import { SpokenText } from '../dialogue/spoken-text.ts';
import { Playout, type PlayoutClock } from '../playout/playout.ts';
import type { PlayoutTurn } from '../playout/playout-turn.ts';
import { SoundRhythm } from './sound-rhythm.ts';
import type { ToneDetector } from './tone-detector.ts';

export interface MessageLeaverOptions {
  readonly host: Pick<ModeHost, 'events' | 'line' | 'agent'>;
  readonly clock: Clock;
  readonly playoutClock: PlayoutClock;
  readonly synthesiser: Synthesiser;
  readonly history: History;
  readonly turn: number;
  readonly message: string;
  /** What has listened for tones so far. */
  readonly tones: ToneDetector;
  /** The tone has been heard already. */
  readonly hasBeeped: boolean;
  /** Comes once. */
  readonly onOver: (how: 'left' | 'no-tone' | 'failed') => void;
}

/** A mailbox that does not beep has finished after so much silence. */
const SILENT_MS = 3500;
/** Whoever talks for so long without a tone is no mailbox that takes messages. */
const LONGEST_WAIT_MS = 60_000;
/** Recording begins a little after the tone, and ends a little after the message. */
const AFTER_TONE_MS = 300;
const BEFORE_END_MS = 500;
const LEAD_MS = 200;

/** The message as it will be heard. */
interface Made {
  readonly utterance: PlayoutTurn;
  readonly spoken: SpokenText;
}

/**
 * Leaves a message on an answering machine: waits for its tone, or until it has fallen silent, and speaks. Half of a message
 * is none: it is synthesised as a whole before it is played, and while the machine talks, as many hang up on silence.
 */
export class MessageLeaver {
  readonly #options: MessageLeaverOptions;
  readonly #playout: Playout;
  readonly #rhythm = new SoundRhythm();
  readonly #tones: ToneDetector;
  readonly #abort = new AbortController();
  readonly #made: Promise<Made | undefined>;
  /** Why it could not be made. */
  #failure: unknown;
  #cancel: Cancel;
  #state: 'waiting' | 'speaking' | 'over' = 'waiting';
  #spoken: SpokenText | undefined;

  constructor(options: MessageLeaverOptions) {
    const { host, clock, playoutClock, message, turn } = options;
    this.#options = options;
    this.#tones = options.tones;
    this.#tones.onTone = () => this.#speakAfter(AFTER_TONE_MS);
    this.#cancel = clock.after(LONGEST_WAIT_MS, () => this.#end('no-tone'));
    this.#playout = new Playout({
      clock: playoutClock,
      sink: host.line,
      leadMs: LEAD_MS,
      maxBufferedMs: Number.POSITIVE_INFINITY,
      inTurn: (task) => host.events.inTurn(task),
      onAudible: () => host.events.emit('agentText', { text: message, turn }),
      onPlayed: () => this.#played(),
    });
    this.#made = this.#make();
    if (options.hasBeeped) this.#speakAfter(AFTER_TONE_MS);
  }

  /** What the machine says or does: PCM16 mono 16 kHz. */
  write(pcm: Uint8Array): void {
    if (this.#state !== 'waiting') return;
    this.#rhythm.write(pcm);
    this.#tones.write(pcm);
    if (Math.min(this.#rhythm.silentMs, this.#rhythm.nowMs) >= SILENT_MS) this.#speakAfter(0);
  }

  /** Idempotent. `onOver` is not told. */
  close(): void {
    if (this.#state === 'over') return;
    if (this.#spoken) this.#record(this.#playout.stop('closed'), true);
    this.#stop();
  }

  #speakAfter(ms: number): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'speaking';
    this.#cancel();
    this.#cancel = this.#options.clock.after(ms, () => void this.#speak());
  }

  async #speak(): Promise<void> {
    // A voice that was away while the machine talked may be back.
    const made = (await this.#made) ?? (await this.#make());
    if (this.#abort.signal.aborted) return;
    if (!made) {
      this.#options.host.events.emit('fault', { code: 'synthesis.failed', error: this.#failure });
      this.#end('failed');
      return;
    }
    this.#spoken = made.spoken;
    this.#playout.play(made.utterance);
  }

  /** Never rejects. */
  async #make(): Promise<Made | undefined> {
    const { synthesiser, message, host, turn } = this.#options;
    const utterance = this.#playout.prepare(turn);
    const spoken = new SpokenText();
    spoken.addClause(message, 0);
    try {
      for await (const piece of synthesiser.speak(message, host.agent.voice, this.#abort.signal)) {
        if (piece.type === 'audio') utterance.write(piece.pcm);
        else spoken.addWord(piece.text, piece.startMs, piece.durationMs);
      }
      if (utterance.writtenMs === 0) throw new DependencyError('synthesis.empty', 'The message has no sound.');
    } catch (error) {
      this.#failure = error;
      return undefined;
    }
    spoken.endClause(utterance.writtenMs);
    utterance.end();
    return { utterance, spoken };
  }

  #played(): void {
    this.#record(Number.POSITIVE_INFINITY, false);
    this.#cancel = this.#options.clock.after(BEFORE_END_MS, () => this.#end('left'));
  }

  #record(heardMs: number, interrupted: boolean): void {
    const { host, history, message, turn } = this.#options;
    const heardText = this.#spoken?.heardAt(heardMs) ?? '';
    this.#spoken = undefined;
    host.events.atomic(() => {
      if (heardText !== '') history.append({ role: 'agent', text: heardText, heard: !interrupted });
      host.events.emit('agentSpoke', { turn, fullText: message, heardText, interrupted });
    });
  }

  #end(how: 'left' | 'no-tone' | 'failed'): void {
    if (this.#state === 'over') return;
    this.#stop();
    this.#options.onOver(how);
  }

  #stop(): void {
    this.#state = 'over';
    this.#abort.abort();
    this.#cancel();
  }
}
