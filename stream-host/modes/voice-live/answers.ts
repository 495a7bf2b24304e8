import { type AudioRate, bytesPerMsAt } from '../../../shared/audio/pcm.ts';
import type { CallAction, Responder, ToolRequest } from '../../contract/agent.ts';
import type { Ending, SessionEmitter, WaitFilling } from '../../contract/events.ts';
import type { Mouth, StopCause } from '../../contract/mouth.ts';
import type {
  RealtimeProblem,
  RealtimeResponseRequest,
  RealtimeResponseStatus,
  RealtimeSession,
} from '../../contract/realtime.ts';
import { earOf } from '../../dialogue/call-actions.ts';
import { CallTalk } from './call-talk.ts';
import type { Ledger } from './ledger.ts';
import { LiveTurn, type TurnKind } from './live-turn.ts';
import { restOf, withExcuse } from './requests.ts';
import { StandIns, type StandInsOptions } from './stand-ins.ts';
import { ToolDesk } from './tool-desk.ts';

export interface AnswersOptions extends StandInsOptions {
  readonly events: SessionEmitter;
  readonly agent: Responder;
  /** What the session is told of the agent, for responses that are told more. */
  readonly instructions: () => string;
  readonly mouth: Mouth;
  readonly rateHz: AudioRate;
  readonly ledger: Ledger;
  /** The number of the last turn before. */
  readonly turns: number;
  /** The session that serves, if one does. */
  readonly session: () => RealtimeSession | undefined;
  /** Whether the line is held for a sound of the caller's. */
  readonly isHeld: () => boolean;
  /** When the caller stopped speaking, and when the service had all of it. */
  readonly asked: () => { readonly lastSpeechMs: number; readonly askedAtMs: number };
  readonly onBegan: () => void;
  readonly onAudible: () => void;
  /** The turn is over and on record. With a reason, the agent hangs up now; the actions are what it wants of the call. */
  readonly act: (action: CallAction) => void;
  readonly onEnded: (ending: Ending | undefined, actions: readonly CallAction[]) => void;
}

/**
 * An answer comes faster than it is spoken, and nobody can make it wait: beyond so much that the caller has not heard yet
 * the rest is refused. Two minutes are 3.8 MB at 16 kHz.
 */
export const MOST_UNHEARD_MS = 120_000;
/** Late words of the caller's are told of so many turns. */
const RECENT_TURNS = 3;

/**
 * The agent's side of a call: the turn in progress, the responses of the service that it is made of, its tools, and what
 * all that adds to the history. Does what was decided; decides nothing itself.
 */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #tools: ToolDesk;
  readonly #standIns: StandIns;
  /** What has happened in the call; {@link speakOfNews} has it spoken of. */
  readonly talk: CallTalk;
  readonly #responses = new Map<string, LiveTurn>();
  /** Of these, the ones that have sound, or use a tool. Words alone are nothing that anybody hears. */
  readonly #fruitful = new Set<string>();
  #turn: LiveTurn | undefined;
  #recent: LiveTurn[] = [];
  #nextTurn: number;
  #heldSinceMs = 0;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.#nextTurn = options.turns + 1;
    this.#standIns = new StandIns(options);
    this.talk = new CallTalk(options);
    this.#tools = new ToolDesk({
      ...options,
      isResponding: (turn) => [...this.#responses.values()].includes(turn),
      askOn: (turn) => this.#ask(turn, {}),
    });
  }

  get turns(): number {
    return this.#nextTurn - 1;
  }

  get turn(): LiveTurn | undefined {
    return this.#turn;
  }

  /** What the caller may hear, and so the line may bring back. */
  get agentsWords(): string {
    const last = this.#options.ledger.items.findLast((item) => item.role === 'agent');
    return [last?.text, this.#turn?.spoken(0).fullText].join(' ');
  }

  /** Asks the service for an answer, or to say a line. Without a session it is asked when there is one. */
  begin(kind: TurnKind, request: RealtimeResponseRequest = {}, endReason?: string): LiveTurn {
    const turn = this.#begin(kind, request.say);
    turn.news = this.talk.take(kind, request.say);
    if (endReason !== undefined) turn.ending = { reason: endReason };
    this.#ask(turn, request);
    return turn;
  }

  /** Begins a turn that speaks of what has happened in the call. @returns false where there is nothing, or one speaks */
  speakOfNews(): boolean {
    const { next } = this.talk;
    if (this.#turn || !next) return false;
    this.begin(next.kind, next.request);
    return true;
  }

  hold(soundMs?: number): void {
    const { mouth, clock, events } = this.#options;
    this.#heldSinceMs = clock.now();
    if (!this.#turn) mouth.stop('voice');
    else mouth.hold();
    const sound = soundMs === undefined ? {} : { soundMs };
    if (this.#turn?.audible) events.emit('replyHeld', { turn: this.#turn.number, ...sound });
  }

  resume(): void {
    const { mouth, clock, events } = this.#options;
    const silentMs = clock.now() - this.#heldSinceMs;
    if (this.#turn?.audible) events.emit('replyResumed', { turn: this.#turn.number, silentMs });
    mouth.resume();
  }

  /** Silence first, then the end of the turn: here, in the service's conversation, and on record. */
  stop(cause: StopCause): void {
    const { mouth, events, session } = this.#options;
    const turn = this.#turn;
    const heardMs = mouth.stop(cause);
    if (!turn) return;
    const served = session();
    if (!turn.finished) {
      // What is dropped by that is no answer to it any more.
      turn.owed.clear();
      served?.cancel();
    }
    for (const { itemId, audioEndMs } of turn.cuts(heardMs)) served?.truncate(itemId, audioEndMs);
    const byCaller = cause === 'voice' || cause === 'command';
    if (turn.audible && byCaller) events.emit('bargeIn', { turn: turn.number, by: cause });
    if (turn.told) {
      this.#conclude(turn, heardMs, true);
      return;
    }
    this.#drop(turn);
  }

  /** The caller waits: something is said that is no part of the answer, in the voice that answers, or else a sound. */
  fill(kind: WaitFilling): void {
    const { mouth, events } = this.#options;
    const clip = this.#standIns.filling(kind);
    if (!clip) return;
    const turn = this.#turn;
    if (kind === 'give-up' && turn) turn.gaveUp = true;
    turn?.tell();
    mouth.fill(clip.pcm);
    events.emit('waitFilled', { turn: turn?.number ?? this.#nextTurn, kind, text: clip.text });
  }

  /** The last thing that the caller hears of a call whose service is gone. */
  sayLast(text: string, endReason: string): void {
    const turn = this.#begin('prompt', text);
    turn.ending = { reason: endReason };
    turn.saidGoodbye = true;
    this.#standIns.say(turn, 'farewell', text);
    this.#finish(turn);
  }

  /** The caller's words of a turn may have come. */
  callerWords(): void {
    for (const turn of this.#recent) turn.tellCallerWords(false);
  }

  responseStarted(responseId: string, requestId: string | undefined): void {
    if (this.#options.clips.started(responseId, requestId)) return;
    const current = this.#turn;
    // Nobody who is on hold is answered.
    if (this.talk.isSilent && (!current || current.finished)) {
      this.#options.session()?.cancel();
      return;
    }
    // What comes unasked after all of a turn is a turn of its own.
    const turn = current && !current.finished ? current : this.#begin('answer', undefined);
    if (requestId !== undefined) turn.owed.delete(requestId);
    this.#tools.wentOn(turn);
    turn.owed.add(responseId);
    this.#responses.set(responseId, turn);
  }

  responseDropped(requestId: string, problem: RealtimeProblem | undefined): void {
    if (this.#options.clips.refused(requestId)) return;
    const turn = this.#turn;
    if (!turn?.owed.delete(requestId)) return;
    if (problem) this.#failed(turn, `${problem.code}`);
    else this.#finishIfDone(turn);
  }

  audio(responseId: string, itemId: string, pcm: Uint8Array): void {
    this.#options.clips.audio(responseId, pcm);
    const turn = this.#wanted(responseId);
    if (!turn) return;
    this.#fruitful.add(responseId);
    if (turn.isFull) return;
    turn.audio(itemId, pcm, this.#options.clock.now());
    if (turn.generatedMs - this.#options.mouth.heardMs > MOST_UNHEARD_MS) this.#isTooLong(turn);
  }

  text(responseId: string, itemId: string, text: string): void {
    const turn = this.#wanted(responseId);
    if (!turn?.isFull) turn?.text(itemId, text, this.#options.clock.now());
  }

  responseEnded(responseId: string, status: RealtimeResponseStatus, reason: string | undefined): void {
    if (this.#options.clips.ended(responseId, status === 'completed')) return;
    const turn = this.#wanted(responseId);
    this.#responses.delete(responseId);
    const isFruitful = this.#fruitful.delete(responseId);
    if (!turn) return;
    turn.owed.delete(responseId);
    // What else is owed may still come to something.
    const isEmpty = !isFruitful && turn.owed.size + turn.running.size === 0 && turn.ending === undefined;
    const owesTools = turn.running.size > 0 || turn.unusedResults;
    this.#tools.responseEnded(turn);
    if (status === 'failed' || (isEmpty && status !== 'cancelled'))
      this.#failed(turn, reason ?? 'empty', owesTools, isFruitful);
    else this.#finishIfDone(turn);
  }

  toolRequest(responseId: string, request: ToolRequest): void {
    const turn = this.#wanted(responseId);
    if (!turn) return;
    this.#fruitful.add(responseId);
    this.#tools.use(turn, request);
  }

  serviceTool(callId: string, name: string, state: 'started' | 'completed' | 'failed'): void {
    if (this.#turn) this.#tools.serviceTool(this.#turn, callId, name, state);
  }

  /** The session is gone, and what it owed with it. What is there of the answer is played. */
  dropped(): void {
    this.#options.clips.dropped();
    this.#responses.clear();
    this.#fruitful.clear();
    const turn = this.#turn;
    const hasDone = turn !== undefined && (turn.audible || turn.running.size > 0 || turn.history(0).length > 0);
    // Where nobody knows the words yet, and nothing has come of them, the caller's sound is told to the next session.
    if (turn && !hasDone && turn.asked.some(({ settled }) => !settled)) this.#drop(turn);
    if (!turn || turn.over) return;
    turn.owed.clear();
    this.#tools.dropped(turn);
    if (!turn.finished) turn.breakOff();
    turn.forgetItems();
  }

  /**
   * Another session serves, which knows nothing: it is told what was said, and asked for what is missing of the turn in
   * progress.
   * @param excuse what the caller is told first, where there was silence for long
   * @returns whether there is a turn in progress
   */
  putBack(session: RealtimeSession, excuse: string | undefined): boolean {
    const turn = this.#turn;
    const items = this.#options.ledger.itemsWith(turn, turn?.history(turn.generatedMs) ?? []);
    if (items.length > 0) session.restore(items);
    if (!turn) return false;
    if (!turn.finished && turn.running.size === 0) this.#ask(turn, restOf(turn, this.#options.instructions()), excuse);
    return true;
  }

  /** A few times a second, while it is heard. */
  tellHeard(): void {
    const { clock, mouth } = this.#options;
    this.#turn?.tellHeard(clock.now(), () => mouth.heardMs);
  }

  becameAudible(number: number): void {
    if (this.#turn?.number !== number) return;
    this.#turn.becameAudible(this.#options.clock.now());
    this.#options.onAudible();
  }

  /** The turn is over: all of it was played, or it had nothing to play. */
  played(number: number): void {
    const turn = this.#turn;
    if (turn?.number !== number) return;
    this.#conclude(turn, turn.utterance.sentMs, false);
    this.#options.onEnded(turn.ending, this.talk.heard(turn));
  }

  #begin(kind: TurnKind, say: string | undefined): LiveTurn {
    const { mouth, ledger, events, rateHz, isHeld, onBegan, asked } = this.#options;
    if (this.#turn) this.stop('answer');
    const number = this.#nextTurn;
    this.#nextTurn += 1;
    const turn = new LiveTurn({
      ...asked(),
      number,
      kind,
      say,
      asked: this.talk.isSilent ? [] : ledger.pending,
      utterance: mouth.prepare(number),
      bytesPerMs: bytesPerMsAt(rateHz),
      events,
    });
    ledger.turnBegins(turn, this.talk.isSilent);
    this.#turn = turn;
    this.#recent = [...this.#recent.slice(1 - RECENT_TURNS), turn];
    mouth.play(turn.utterance);
    if (isHeld()) mouth.hold();
    onBegan();
    return turn;
  }

  #ask(turn: LiveTurn, request: RealtimeResponseRequest, excuse?: string): void {
    const session = this.#options.session();
    if (!session) return;
    turn.unusedResults = false;
    turn.request = excuse === undefined ? request : withExcuse(request, this.#options.instructions(), excuse);
    turn.owed.add(session.respond(turn.request));
  }

  /** Nothing of it was heard: what it was to answer waits for the next one. */
  #drop(turn: LiveTurn): void {
    this.talk.dropped(turn);
    turn.end(0);
    this.#turn = undefined;
    if (!turn.told) this.#nextTurn = turn.number;
    this.#options.ledger.turnDropped(turn, turn.asked);
  }

  /** What there is of it is played. The service is told that it has said no more. */
  #isTooLong(turn: LiveTurn): void {
    const { events, session } = this.#options;
    const served = session();
    turn.isFull = true;
    events.emit('fault', { code: 'reply.too_long', ofTurn: turn.number });
    served?.cancel();
    const last = turn.lastItem;
    if (last) served?.truncate(last.itemId, Math.floor(last.generatedMs));
  }

  #wanted(responseId: string): LiveTurn | undefined {
    const turn = this.#responses.get(responseId);
    return turn?.over ? undefined : turn;
  }

  /** Asked for once more; then the caller is told. */
  #failed(turn: LiveTurn, reason: string, isAskedOn = false, isFruitful = turn.hasAudio): void {
    const { events, agent, ledger } = this.#options;
    const isAskedAgain = !turn.retried && !isFruitful;
    const code = isAskedOn || isAskedAgain ? 'reply.retried' : 'reply.failed';
    const error = new Error(`The service ended a response: ${reason}`);
    events.emit('fault', { code, error, ...(code === 'reply.failed' && { ofTurn: turn.number }) });
    turn.dropSilent();
    // What tools give is asked about in any case.
    if (isAskedOn) return;
    if (isAskedAgain) {
      turn.retried = true;
      this.#ask(turn, turn.request);
      return;
    }
    turn.failed = true;
    if (!turn.gaveUp) this.#standIns.sayInstead(turn, agent.phrases, ledger.items.length === 0);
    this.#finishIfDone(turn);
  }

  #finishIfDone(turn: LiveTurn): void {
    if (turn.owed.size === 0 && turn.running.size === 0) this.#finish(turn);
  }

  #finish(turn: LiveTurn): void {
    if (turn.finished || turn.over) return;
    const { goodbye } = this.#options.agent.phrases;
    turn.dropSilent();
    // Nobody is hung up on without a word.
    if (turn.ending !== undefined && !turn.endsInSpeech && !turn.saidGoodbye && goodbye !== '') {
      turn.saidGoodbye = true;
      this.#ask(turn, { say: goodbye });
      if (turn.owed.size > 0) return;
    }
    turn.itemsEnd();
    turn.finished = true;
    turn.utterance.end();
  }

  #conclude(turn: LiveTurn, heardMs: number, interrupted: boolean): void {
    const { ledger, events } = this.#options;
    this.#turn = undefined;
    turn.end(heardMs);
    turn.tell();
    this.#tools.dropped(turn);
    ledger.turnReads(turn, turn.history(heardMs));
    this.talk.ended(turn, interrupted);
    const words = { ...turn.spoken(heardMs), ...earOf(turn.news) };
    if (turn.audible) events.emit('agentSpoke', { turn: turn.number, ...words, interrupted });
  }
}
