import type { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import { AcsError, mediaActionsClash, participantNotFound } from './acs-error.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { type CallResult, RESULTS } from './call-results.ts';
import type { Party } from './parties.ts';
import { soundOf, UnplayableSource } from './play-source.ts';
import { PlayoutBuffer } from './playout-buffer.ts';
import type { Asked, playRequest, sendTonesRequest, targetRequest } from './requests.ts';
import { keyOf, toneOf } from './tones.ts';

const LONGEST_SOUND_MS = 10 * 60_000;
/** A key and the pause after it. */
const TONE_MS = 250;
const MOST_WAITING = 20;

type Play = z.output<typeof playRequest>;

/** What is played at the moment. */
interface Running {
  readonly play: Play;
  readonly playout: PlayoutBuffer;
  isLoaded: boolean;
  frame: Uint8Array | undefined;
}

/** Files that are played to everybody in a call, one after the other, and its keys. */
export class MediaOperations {
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #waiting: Play[] = [];
  #running: Running | undefined;
  /** Who listens for keys, by the raw id of the one who presses. */
  readonly #listening = new Map<string, { readonly asked: Asked; sequenceId: number }>();
  #sending = false;

  constructor(call: Call, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  play(play: Play): Answer {
    if (this.#waiting.length >= MOST_WAITING) throw new AcsError(400, '8500', 'Too many media operations wait.');
    const afterwards = () => {
      if (this.#running) this.#waiting.push(play);
      else void this.#run(play);
    };
    return { status: 202, afterwards };
  }

  sendTones({ tones, targetParticipant, ...asked }: z.output<typeof sendTonesRequest>): Answer {
    this.#require(targetParticipant);
    if (this.#sending) throw mediaActionsClash();
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
    if (this.#sending) throw mediaActionsClash();
    this.#listening.set(targetParticipant, { asked, sequenceId: 0 });
    return { status: 200 };
  }

  stopListening({ targetParticipant, ...asked }: z.output<typeof targetRequest>): Answer {
    this.#require(targetParticipant);
    const afterwards = () => {
      if (this.#listening.delete(targetParticipant)) this.#call.tell('ContinuousDtmfRecognitionStopped', asked);
    };
    return { status: 200, afterwards };
  }

  toneDialled(party: Party, key: string): void {
    const listening = this.#listening.get(party.rawId);
    if (!listening) return;
    listening.sequenceId += 1;
    const { asked, sequenceId } = listening;
    this.#call.tell('ContinuousDtmfRecognitionToneReceived', asked, { sequenceId, tone: toneOf(key) });
  }

  /** One beat of the call. */
  beat(): void {
    const running = this.#running;
    if (!running?.isLoaded) return;
    running.frame = running.playout.read();
    if (running.frame === undefined) this.#finish(running, 'Completed', RESULTS.success);
  }

  /** What is played in this beat. */
  read(): Uint8Array | undefined {
    return this.#running?.frame;
  }

  /** The call is over, which says that all of this is. */
  close(): void {
    this.#waiting.length = 0;
    this.#running = undefined;
    this.#listening.clear();
  }

  async #run(play: Play): Promise<void> {
    const playout = new PlayoutBuffer(LONGEST_SOUND_MS);
    const running: Running = { play, playout, isLoaded: false, frame: undefined };
    this.#running = running;
    for (const [failedPlaySourceIndex, source] of play.playSources.entries()) {
      try {
        playout.write(await soundOf(source));
      } catch (error) {
        const result = error instanceof UnplayableSource ? error.result : RESULTS.promptFailed;
        this.#finish(running, 'Failed', result, { failedPlaySourceIndex });
        return;
      }
    }
    if (this.#running !== running) return;
    running.isLoaded = true;
    this.#call.tell('PlayStarted', play);
  }

  #finish(running: Running, outcome: string, result: CallResult, data: Readonly<Record<string, unknown>> = {}): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#call.tell(`Play${outcome}`, running.play, data, result);
    const next = this.#waiting.shift();
    if (next) void this.#run(next);
  }

  #require(rawId: string): void {
    if (!this.#call.parties.find(rawId)) throw participantNotFound();
  }
}
