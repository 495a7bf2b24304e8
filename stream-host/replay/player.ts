import { setImmediate as settled } from 'node:timers/promises';
import type { ReplyPiece } from '../contract/agent.ts';
import type { Conversation } from '../conversation/conversation.ts';
import type { TurnPolicyChanges } from '../conversation/turns/turn-policy.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { mediaConversation } from '../modes/media/media-conversation.ts';
import { errorOf } from './failures.ts';
import { PlayedClock } from './played-clock.ts';
import { PlayedServices, playedEvents, playedSenses, playedSink, type Stage, silentAudio } from './played-ports.ts';
import type { Run } from './recorded-run.ts';
import { type Answer, type Decision, fieldsOf, isSame, type Question, type Step } from './step.ts';

/** What the engine does otherwise than in the recorded call: the first of it. */
export interface Difference {
  /** Which decision it is, from 1. */
  readonly number: number;
  readonly expected: PlayedDecision | undefined;
  readonly got: PlayedDecision | undefined;
}

export interface PlayedDecision {
  /** Since the engine was made. */
  readonly atMs: number;
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Outcome {
  readonly steps: number;
  readonly decisions: number;
  readonly difference: Difference | undefined;
  /** The engine asked what the recorded one had not: from here on it was told what is likely. */
  readonly guessed: { readonly atMs: number; readonly question: Question } | undefined;
}

export interface PlayOptions {
  /** What takes the place of how the agent took turns. */
  readonly changes?: TurnPolicyChanges | undefined;
}

/** Timers of a record that breaks off may not have fired yet, though they were due: a process is late by less than this. */
const LATE_MS = 1000;

/** Plays a recorded run of the engine again and compares what it decides: content, order and times, all exactly. */
export class Player implements Stage {
  readonly #run: Run;
  readonly #expected: readonly PlayedDecision[];
  readonly #clock: PlayedClock;
  readonly #services = new PlayedServices(this);
  readonly #conversation: Conversation;
  /** The step under way and the next one. */
  #step: Step | undefined;
  #next = 0;
  #decisionsOfStep = 0;
  #decided = 0;
  readonly #asked = new Map<Question, number>();
  /** What is told after the end reaches nobody, and is not compared. */
  #hasEnded = false;
  #difference: Difference | undefined;
  #guessed: Outcome['guessed'];

  /** @throws {ConfigError} for changes that contradict themselves */
  constructor(run: Run, { changes = run.begin.changes }: PlayOptions = {}) {
    const { locale, voice, phrases, history, turns, placed, paced, standby, acts } = run.begin;
    this.#run = run;
    this.#expected = run.steps.flatMap(({ t, o = [] }) => o.map(([type, fields]) => ({ atMs: t, type, fields })));
    this.#clock = new PlayedClock(timersOf(run.steps));
    const clock = this.#clock;
    const stage = this;
    const playoutClock = {
      now: () => clock.playoutNow(),
      wallMs: () => clock.wallMs(),
      after: (delayMs: number, task: () => void) => clock.afterFrom(clock.playoutNow(), delayMs, task),
      get latenessMs() {
        return stage.answer('late', 0);
      },
    };
    const { openVoiceActivity, openRecogniser, synthesiser, standby: clips } = this.#services;
    const { untilQuietMs, ...senses } = playedSenses(this);
    this.#conversation = mediaConversation({
      ...{ clock, openVoiceActivity, openRecogniser, synthesiser, history, turns, senses, untilQuietMs },
      isPlaced: placed,
      ...(paced && { playoutClock }),
      ...(standby && { standby: clips }),
      ...(acts && { act: (action) => this.#leaves('acted', action) }),
      events: playedEvents(new SessionEvents(clock), this),
      sink: playedSink(this),
      responder: this.#services.responder({ locale, voice, phrases }),
      policy: changes,
    });
  }

  async play(): Promise<Outcome> {
    const { steps, isWhole } = this.#run;
    const lastMs = steps.at(-1)?.t ?? 0;
    const timersUntilMs = isWhole ? Number.POSITIVE_INFINITY : lastMs - LATE_MS;
    for (let step = steps[this.#next]; step && !this.#difference; step = steps[this.#next]) {
      if (step.w === undefined && step.n === undefined) {
        await settled();
        while (!this.#difference && this.#unrecordedTimer(Math.min(step.t, timersUntilMs))) await settled();
      } else if (this.#decisionsOfStep < (step.w ?? step.n ?? 0)) {
        await settled();
      }
      // Meanwhile it may have come of what was told.
      if (steps[this.#next] === step && !this.#difference) this.#begin(step);
    }
    await settled();
    if (!this.#difference && this.#decided < this.#expected.length) {
      this.#difference = { number: this.#decided + 1, expected: this.#expected[this.#decided], got: undefined };
    }
    return {
      steps: this.#next,
      decisions: this.#decided,
      difference: this.#difference,
      guessed: this.#guessed,
    };
  }

  decided(type: string, fields: object): void {
    if (this.#difference || this.#hasEnded) return;
    this.#hasEnded = type === 'ended';
    const decision: Decision = [type, fieldsOf(fields, (text) => text)];
    const expected = this.#expected[this.#decided];
    this.#decided += 1;
    this.#decisionsOfStep += 1;
    const atMs = this.#clock.now();
    const isLike = expected && isSame([expected.type, { ...expected.fields }], decision, this.#run.hasHidden);
    if (isLike && expected.atMs === atMs) return;
    this.#difference = { number: this.#decided, expected, got: { atMs, type, fields: decision[1] } };
  }

  answer<Asked extends Question>(question: Asked, guess: Answer<Asked>): Answer<Asked> {
    const asked = this.#asked.get(question) ?? 0;
    this.#asked.set(question, asked + 1);
    const answers: readonly Answer<Asked>[] = this.#step?.q?.[question] ?? [];
    const answer = answers[asked];
    if (answer !== undefined) return answer;
    if (!this.#difference && !this.#hasEnded) this.#guessed ??= { atMs: this.#clock.now(), question };
    return guess;
  }

  told(): void {
    const next = this.#run.steps[this.#next];
    if (next?.n !== undefined && next.n <= this.#decisionsOfStep && !this.#difference) this.#begin(next);
  }

  /** Somebody is told at once. */
  #leaves(type: string, fields: object): void {
    this.decided(type, fields);
    this.told();
  }

  /** A timer that the recorded engine did not set. */
  #unrecordedTimer(untilMs: number): boolean {
    this.#step = undefined;
    this.#decisionsOfStep = 0;
    this.#asked.clear();
    return this.#clock.fireNextUntil(untilMs);
  }

  #begin(step: Step): void {
    this.#next += 1;
    this.#step = step;
    this.#decisionsOfStep = 0;
    this.#asked.clear();
    this.#clock.goTo(step.t);
    if (step.a !== undefined) this.#conversation.audio(silentAudio(step.a));
    this.#act(step);
  }

  #act(step: Step): unknown {
    const conversation = this.#conversation;
    const { detectors, recognisers, answers, voices } = this.#services;
    switch (step.k) {
      case 'start':
        return conversation.start(step.unnoticed);
      case 'pressed':
        return conversation.pressed(step.tone);
      case 'typed':
        return conversation.typed(step.text);
      case 'interrupt':
        return conversation.interrupt();
      case 'told':
        return conversation.told({
          item: step.item,
          speech: step.speech,
          aside: step.aside,
          topic: step.topic,
          ...(step.awaited && { onSpoken: (heard) => this.#leaves('news-spoken', { heard }) }),
        });
      case 'attend':
        return conversation.attend(step.to);
      case 'close':
        return conversation.close(step.reason);
      case 'frame':
        return detectors[step.of - 1]?.onFrame(step.p, step.m);
      case 'detector-failed':
        return detectors[step.of - 1]?.onFailure(errorOf(step.error));
      case 'partial':
        return recognisers[step.of - 1]?.onPartial(step.text, step.from, step.to ?? Number.POSITIVE_INFINITY);
      case 'final':
        return recognisers[step.of - 1]?.onFinal(step.text, step.from, step.to ?? Number.POSITIVE_INFINITY);
      case 'no-words':
        return recognisers[step.of - 1]?.onNoWords(step.from, step.to ?? Number.POSITIVE_INFINITY);
      case 'recogniser':
        return recognisers[step.of - 1]?.onState(step.state, step.error && errorOf(step.error));
      case 'timer':
        return this.#clock.fire(step.of, step.p);
      case 'chunk':
        return answers[step.of - 1]?.give(pieceOf(step.piece));
      case 'answered':
        return answers[step.of - 1]?.end(step.error && errorOf(step.error));
      case 'voice':
        return voices[step.of - 1]?.give({ type: 'audio', pcm: silentAudio(step.bytes) });
      case 'word':
        return voices[step.of - 1]?.give({ type: 'word', ...step.word });
      case 'voiced':
        return voices[step.of - 1]?.end(step.error && errorOf(step.error));
    }
  }
}

/** A tool that returned nothing has no result on record. */
function pieceOf(piece: Extract<Step, { k: 'chunk' }>['piece']): ReplyPiece {
  return piece.type === 'tool-ended' ? { ...piece, result: piece.result } : piece;
}

function timersOf(steps: readonly Step[]) {
  const fired = new Map<number, number>();
  const overdue = new Set<number>();
  for (const step of steps) {
    if (step.k === 'timer') fired.set(step.of, step.d);
    for (const timer of step.x ?? []) overdue.add(timer);
  }
  return { fired, overdue };
}
