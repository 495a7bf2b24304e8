import type { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import { AcsError, mediaActionsClash, participantNotFound } from './acs-error.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { type CallResult, RESULTS } from './call-results.ts';
import type { Party } from './parties.ts';
import { soundOf, UnplayableSource } from './play-source.ts';
import { PlayoutBuffer } from './playout-buffer.ts';
import type { Asked, PlaySource, playRequest, recognizeRequest, sendTonesRequest, targetRequest } from './requests.ts';
import { keyOf, ToneCollector, toneOf } from './tones.ts';

const LONGEST_SOUND_MS = 10 * 60_000;
/** A key and the pause after it. */
const TONE_MS = 250;
const MOST_WAITING = 20;

/** Something that is played, and what is recognised after it. */
interface Action {
  readonly kind: 'Play' | 'Recognize';
  readonly asked: Asked;
  readonly sources: readonly PlaySource[];
  readonly loop: boolean;
  /** Raw id of the one who hears it; all, where none is named. */
  readonly to: string | undefined;
  /** Of one participant of several: these cannot wait for one another. */
  readonly aside: boolean;
  readonly interruptPrompt: boolean;
  readonly collector: ToneCollector | undefined;
}

/** An action whose turn it is. */
interface Running {
  readonly action: Action;
  readonly playout: PlayoutBuffer;
  sounds: readonly Uint8Array[] | undefined;
  frame: Uint8Array | undefined;
}

/**
 * Play, recognize, and the keys of a call. What concerns the whole call waits for what runs; what concerns one
 * participant of several is refused while another such action runs, as with the service (its table of what goes together
 * is in control-mid-call-media-actions).
 */
export class MediaOperations {
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #waiting: Action[] = [];
  readonly #running = new Set<Running>();
  /** Who listens continuously, by the raw id of the one who presses. */
  readonly #continuous = new Map<string, { readonly asked: Asked; sequenceId: number }>();
  /** Those whose prompt is over. */
  readonly #listening = new WeakSet<ToneCollector>();
  #sending = false;

  constructor(call: Call, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  play(request: z.output<typeof playRequest>): Answer {
    const { playSources: sources, playTo, playOptions, interruptCallMediaOperation: interrupts, ...asked } = request;
    const [to] = playTo;
    if (to !== undefined) this.#require(to);
    const action: Action = {
      kind: 'Play',
      ...{ asked, sources, to, aside: to !== undefined, loop: playOptions?.loop ?? false },
      ...{ interruptPrompt: false, collector: undefined },
    };
    return this.#ask(interrupts, action);
  }

  recognize(request: z.output<typeof recognizeRequest>): Answer {
    const { playPrompt, playPrompts, recognizeOptions, interruptCallMediaOperation: interrupts, ...rest } = request;
    const { recognizeInputType: _, ...asked } = rest;
    const { targetParticipant: to, dtmfOptions, interruptPrompt, initialSilenceTimeoutInSeconds } = recognizeOptions;
    this.#require(to);
    const collector = new ToneCollector({
      clock: this.#clock,
      initialSilenceMs: initialSilenceTimeoutInSeconds * 1000,
      interToneMs: dtmfOptions.interToneTimeoutInSeconds * 1000,
      maxTones: dtmfOptions.maxTonesToCollect,
      stopTones: dtmfOptions.stopTones,
      onSettled: (result, tones) => this.#recognized(action, result, tones),
    });
    const action: Action = {
      kind: 'Recognize',
      ...{ asked, to, aside: this.#call.parties.joined.length > 1, loop: false },
      ...{ sources: playPrompts ?? (playPrompt ? [playPrompt] : []), interruptPrompt, collector },
    };
    return this.#ask(interrupts, action);
  }

  sendTones({ tones, targetParticipant, ...asked }: z.output<typeof sendTonesRequest>): Answer {
    this.#require(targetParticipant);
    this.#requireNoneAside();
    this.#sending = true;
    const settle = (outcome: 'Completed' | 'Failed', result: CallResult) => {
      this.#sending = false;
      this.#call.tell(`SendDtmfTones${outcome}`, asked, {}, result);
    };
    const left = tones.map((tone) => keyOf(tone) ?? tone);
    const press = (): void => {
      const party = this.#call.parties.find(targetParticipant);
      const tone = left.shift();
      if (!party) settle('Failed', RESULTS.notFound);
      else if (tone === undefined) settle('Completed', RESULTS.success);
      else {
        party.phone.send({ type: 'tone', tone });
        this.#clock.after(TONE_MS, press);
      }
    };
    return { status: 202, body: { operationContext: asked.operationContext }, afterwards: press };
  }

  listen({ targetParticipant, ...asked }: z.output<typeof targetRequest>): Answer {
    this.#require(targetParticipant);
    if ([...this.#running].some(({ action }) => action.aside) || this.#sending) throw mediaActionsClash();
    this.#continuous.set(targetParticipant, { asked, sequenceId: 0 });
    return { status: 200 };
  }

  stopListening({ targetParticipant, ...asked }: z.output<typeof targetRequest>): Answer {
    this.#require(targetParticipant);
    const afterwards = () => {
      if (this.#continuous.delete(targetParticipant)) this.#call.tell('ContinuousDtmfRecognitionStopped', asked);
    };
    return { status: 200, afterwards };
  }

  /** All that plays or is recognised, and what waits for it. */
  cancelAll(): Answer {
    return { status: 202, afterwards: () => this.#cancelAll() };
  }

  toneDialled(party: Party, key: string): void {
    const tone = toneOf(key);
    const listening = this.#continuous.get(party.rawId);
    if (listening) {
      listening.sequenceId += 1;
      const { asked, sequenceId } = listening;
      this.#call.tell('ContinuousDtmfRecognitionToneReceived', asked, { sequenceId, tone });
    }
    for (const running of this.#running) {
      const { collector, to, interruptPrompt } = running.action;
      if (!collector || to !== party.rawId || running.sounds === undefined) continue;
      if (running.playout.bufferedMs > 0 && !interruptPrompt) continue;
      running.playout.clear();
      collector.take(tone);
    }
  }

  /** One beat of the call. */
  beat(): void {
    for (const running of this.#running) {
      if (running.sounds === undefined) continue;
      running.frame = running.playout.read();
      if (running.frame === undefined && running.action.loop) {
        for (const sound of running.sounds) running.playout.write(sound);
        running.frame = running.playout.read();
      }
      if (running.frame === undefined) this.#played(running);
    }
  }

  /** What is played to a participant in this beat. */
  readFor(rawId: string): readonly (Uint8Array | undefined)[] {
    const heard = [...this.#running].filter(({ action }) => action.to === undefined || action.to === rawId);
    return heard.map(({ frame }) => frame);
  }

  /** The call is over, which says that all of this is. */
  close(): void {
    for (const { action } of this.#running) action.collector?.close();
    this.#waiting.length = 0;
    this.#running.clear();
    this.#continuous.clear();
  }

  #ask(interrupts: boolean, action: Action): Answer {
    if (action.aside) this.#requireNoneAside();
    else if (this.#waiting.length >= MOST_WAITING) throw new AcsError(400, '8500', 'Too many media operations wait.');
    const afterwards = () => {
      if (interrupts) this.#cancelAll();
      const isTaken = !action.aside && [...this.#running].some((running) => !running.action.aside);
      if (isTaken) this.#waiting.push(action);
      else void this.#run(action);
    };
    return { status: 202, afterwards };
  }

  async #run(action: Action): Promise<void> {
    const playout = new PlayoutBuffer(LONGEST_SOUND_MS);
    const running: Running = { action, playout, sounds: undefined, frame: undefined };
    this.#running.add(running);
    const sounds: Uint8Array[] = [];
    for (const [index, source] of action.sources.entries()) {
      try {
        sounds.push(await soundOf(source, this.#call.speak));
      } catch (error) {
        const problem = error instanceof UnplayableSource ? error.result : RESULTS.promptFailed;
        const result = action.kind === 'Play' ? problem : RESULTS.promptFailed;
        this.#finish(running, 'Failed', result, { failedPlaySourceIndex: index });
        return;
      }
    }
    if (!this.#running.has(running)) return;
    for (const sound of sounds) playout.write(sound);
    running.sounds = sounds;
    if (action.kind === 'Play') this.#call.tell('PlayStarted', action.asked);
  }

  #played(running: Running): void {
    const { collector } = running.action;
    if (!collector) this.#finish(running, 'Completed', RESULTS.success);
    else if (!this.#listening.has(collector)) {
      this.#listening.add(collector);
      collector.start();
    }
  }

  #recognized(action: Action, result: CallResult, tones: readonly string[]): void {
    const running = [...this.#running].find((candidate) => candidate.action === action);
    if (!running) return;
    if (result.code !== 200) this.#finish(running, 'Failed', result);
    else this.#finish(running, 'Completed', result, { recognitionType: 'dtmf', dtmfResult: { tones } });
  }

  #finish(running: Running, outcome: string, result: CallResult, data: Readonly<Record<string, unknown>> = {}): void {
    if (!this.#running.delete(running)) return;
    const { kind, asked, aside, collector } = running.action;
    collector?.close();
    this.#call.tell(`${kind}${outcome}`, asked, data, result);
    const next = aside ? undefined : this.#waiting.shift();
    if (next) void this.#run(next);
  }

  #cancelAll(): void {
    const waiting = this.#waiting.splice(0);
    for (const running of [...this.#running]) this.#finish(running, 'Canceled', RESULTS.canceled);
    for (const { kind, asked } of waiting) this.#call.tell(`${kind}Canceled`, asked, {}, RESULTS.canceled);
  }

  #require(rawId: string): void {
    if (!this.#call.parties.find(rawId)) throw participantNotFound();
  }

  #requireNoneAside(): void {
    if (this.#sending || [...this.#running].some(({ action }) => action.aside)) throw mediaActionsClash();
  }
}
