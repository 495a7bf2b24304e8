import { type AudioRate, bytesPerMsAt, rmsOf, SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import type { Cancel } from '../../../shared/clock.ts';
import type { Mode, ModeHost, ModeKind } from '../../contract/mode.ts';
import type { Mouth, StopCause, Utterance } from '../../contract/mouth.ts';
import { History } from '../../dialogue/history.ts';
import { TurnRecord } from '../../dialogue/turn-record.ts';
import { Playout } from '../../playout/playout.ts';

/** From the end of what the caller said to the parrot's first sound. */
const ECHO_AFTER_MS = 300;
const PHRASE_GAP_MS = 200;
/** Who speaks for so long asks the parrot to use its tool. */
const LONG_MS = 1000;
/** A sound shorter than this, while the parrot speaks, is no interruption. */
const COUGH_MS = 300;
const LOUD = 0.05;
/** The parrot's words: one for each so much of the caller's sound. */
const WORD_MS = 100;

interface Turn {
  readonly number: number;
  readonly record: TurnRecord;
  readonly utterance: Utterance;
  readonly ownFrom: number;
}

/** The caller's sound as it comes: how long it has lasted, and what it is taken for. */
interface Sound {
  readonly pieces: Uint8Array[];
  loudMs: number;
  quietMs: number;
}

/** A speech-to-speech model that only repeats: it shows what a mode needs of its session, and that nothing else does. */
class ParrotMode implements Mode {
  readonly #host: ModeHost;
  readonly #rateHz: AudioRate;
  readonly #mouth: Mouth;
  readonly #history: History;
  #turn: Turn | undefined;
  #sound: Sound | undefined;
  #held = false;
  #turns: number;
  #cancelEcho: Cancel = () => {};
  readonly #abort = new AbortController();
  #closed = false;

  constructor(host: ModeHost, rateHz: AudioRate) {
    this.#host = host;
    this.#rateHz = rateHz;
    this.#turns = host.turns;
    this.#history = new History(host.events, host.history);
    this.#mouth = new Playout({
      clock: host.clock,
      rateHz,
      sink: host.line,
      leadMs: 200,
      maxBufferedMs: 60_000,
      inTurn: (task) => host.events.inTurn(task),
      onAudible: (turn) => this.#tellWords(turn),
      onPlayed: () => this.#conclude(this.#turn?.utterance.sentMs ?? 0, false),
    });
  }

  start(): void {
    this.#host.events.emit('state', { state: 'listening' });
  }

  audio(pcm: Uint8Array): void {
    if (this.#closed) return;
    this.#host.events.atomic(() => this.#hear(pcm));
  }

  pressed(tone: string): void {
    this.#host.events.emit('callerPressed', { tone });
  }

  interrupt(): void {
    if (this.#turn) this.#stop('command');
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.events.atomic(() => {
      this.#cancelEcho();
      this.#abort.abort();
      if (this.#turn) this.#stop('closed');
      this.#host.events.emit('ended', { reason });
    });
  }

  #hear(pcm: Uint8Array): void {
    const ms = pcm.length / bytesPerMsAt(this.#rateHz);
    const isLoud = rmsOf(pcm) > LOUD;
    if (isLoud) this.#sound ??= { pieces: [], loudMs: 0, quietMs: 0 };
    const sound = this.#sound;
    if (!sound) return;
    sound.pieces.push(pcm);
    sound.loudMs += isLoud ? ms : 0;
    sound.quietMs = isLoud ? 0 : sound.quietMs + ms;
    if (this.#turn && isLoud && !this.#held) this.#hold();
    if (this.#held && sound.loudMs >= COUGH_MS) this.#stop('voice');
    if (sound.quietMs < PHRASE_GAP_MS) return;
    this.#sound = undefined;
    if (this.#held) this.#resume();
    else this.#answer(sound);
  }

  #hold(): void {
    this.#held = true;
    this.#mouth.hold();
    this.#host.events.emit('replyHeld', { turn: this.#turns });
  }

  #resume(): void {
    this.#held = false;
    this.#mouth.resume();
    this.#host.events.emit('replyResumed', { turn: this.#turns, silentMs: 0 });
  }

  #stop(by: StopCause): void {
    this.#held = false;
    const heardMs = this.#mouth.stop(by);
    if (by === 'voice' || by === 'command') this.#host.events.emit('bargeIn', { turn: this.#turns, by });
    this.#conclude(heardMs, true);
  }

  /** What was said is said again, with words to it, as a speech-to-speech model sends them along. */
  #answer(sound: Sound): void {
    this.#cancelEcho();
    this.#cancelEcho = this.#host.clock.after(ECHO_AFTER_MS - PHRASE_GAP_MS, () => {
      if (this.#turn) return;
      this.#turns += 1;
      this.#history.append({ role: 'caller', text: `${sound.loudMs} ms of sound` });
      const record = new TurnRecord();
      const utterance = this.#mouth.prepare(this.#turns);
      this.#turn = { number: this.#turns, record, utterance, ownFrom: this.#history.length };
      const words = Math.max(1, Math.round(sound.loudMs / WORD_MS));
      const spoken = record.speech();
      spoken.addClause('awk '.repeat(words), 0);
      for (let word = 0; word < words; word += 1) spoken.addWord('awk', word * WORD_MS, WORD_MS);
      for (const piece of sound.pieces) utterance.write(piece);
      spoken.endClause(utterance.writtenMs);
      this.#mouth.play(utterance);
      if (sound.loudMs < LONG_MS) utterance.end();
      else void this.#useTool(this.#turn);
    });
  }

  /** What the tool did is on record, whether or not anybody still listens. */
  async #useTool(turn: Turn): Promise<void> {
    const { agent, events } = this.#host;
    const tools = agent.openTools?.(this.#history.items);
    const used = tools?.use({ callId: `c${turn.number}`, name: 'look_up', argumentText: '{}' }, this.#abort.signal);
    if (used) {
      events.emit('toolStarted', { call: used.call, turn: turn.number });
      const outcome = await used.outcome;
      turn.record.toolEnded({ role: 'tool', call: outcome.call, result: outcome.result });
      events.emit('toolEnded', { ...outcome, turn: turn.number });
    }
    turn.utterance.end();
  }

  #tellWords(turn: number): void {
    const { events } = this.#host;
    events.emit('callerFinal', { text: 'sound', turn });
    events.emit('agentText', { text: this.#turn?.record.spoken(0).fullText ?? '', turn });
  }

  #conclude(heardMs: number, interrupted: boolean): void {
    const turn = this.#turn;
    if (!turn) return;
    this.#turn = undefined;
    turn.utterance.cut();
    this.#history.replaceFrom(turn.ownFrom, turn.record.history(heardMs));
    const { fullText, heardText } = turn.record.spoken(heardMs);
    this.#host.events.emit('agentSpoke', { turn: turn.number, fullText, heardText, interrupted });
  }
}

export const parrotAt = (rateHz: AudioRate): ModeKind => ({
  answers: true,
  rateHz,
  open: (host) => new ParrotMode(host, rateHz),
});

export const parrotMode = parrotAt(SAMPLE_RATE);
