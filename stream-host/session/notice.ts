import { isSettled } from '../../shared/calls/operation-ledger.ts';
import { mayBeDone, type OperationOf, type OperationPorts, reasonOf } from '../../shared/calls/operations/operate.ts';
import type { Logger } from '../../shared/log.ts';
import { noCallTraces } from '../../shared/telemetry/call-traces.ts';
import { operationSpan } from '../../shared/telemetry/names.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Mode } from '../contract/mode.ts';
import { isHeardIn } from './notice-heard.ts';

export interface NoticeOptions {
  readonly ports: OperationPorts;
  readonly sessionId: string;
  /** @throws {Error} the call is not known yet */
  readonly of: (operationContext: string) => Promise<OperationOf>;
  /** What the agent says; false: nothing. */
  readonly words: string | false;
  /** What the carrier plays to everybody in place of the agent's words. */
  readonly url: string | undefined;
  /** Else he is on hold, and whoever else is in the call hears the agent alone. */
  readonly callerHears: () => boolean;
  readonly mode: Mode;
  readonly events: SessionEventSource;
  readonly log: Logger;
}

/** That somebody is to be told. */
export interface Telling {
  /** The operation for which. */
  readonly by: string;
  /** As long as the caller does not hear the agent, it is said to him alone. */
  readonly aside?: boolean;
  /** Once it is not, it is not said again, and nobody waits for how it ends. */
  readonly isWanted: () => boolean;
  /** It was heard, or need not be; or it was not, and `failure` says why. */
  readonly onEnd: (failure?: string) => void;
}

const MOST_TIMES = 3;
const PLAYED_WITHIN_MS = 60_000;

/** How people are told that a call is recorded: by the agent, whose notice counts when it was heard, or by what the carrier plays. */
export class Notice {
  readonly #options: NoticeOptions;
  /** What the agent is saying to all who are there: it counts for whoever wants it when it is heard. */
  #beingSaid: { telling: Telling } | undefined;
  /** For whom the carrier was last asked to play it. */
  #beingPlayed: Telling | undefined;

  constructor(options: NoticeOptions) {
    this.#options = options;
  }

  /** The agent need not say it. */
  get isUnspoken(): boolean {
    return this.#options.url !== undefined || this.isNone;
  }

  /** Nobody is told anything. */
  get isNone(): boolean {
    const { words, url } = this.#options;
    return url === undefined && words === false;
  }

  /** Has people told. @param isInFirstWords the agent says it in the first words of the conversation, unasked */
  tell(telling: Telling, isInFirstWords = false): void {
    const { words, url, mode } = this.#options;
    if (url !== undefined) void this.#play(telling, url);
    else if (words === false) telling.onEnd();
    else if (isInFirstWords && mode.told) this.#hear(telling, words);
    else this.#say(telling, words, 1);
  }

  /** Somebody is there now who did not hear how it began: what is being said counts for nobody who asks from now on. */
  somebodyCame(): void {
    this.#beingSaid = undefined;
  }

  /** An operation of the call has ended. @returns whether it was what the carrier played, and somebody has waited for that */
  ended(operationContext: string, succeeded: boolean): boolean {
    const telling = this.#beingPlayed;
    if (!telling?.isWanted() || operationContext !== playOf(telling)) return false;
    telling.onEnd(succeeded ? undefined : 'recording.notice-unheard');
    return true;
  }

  #hear(telling: Telling, words: string): void {
    const { events } = this.#options;
    const stops: (() => void)[] = [];
    const spoken = (text: string, isAll: boolean) => {
      const isHeard = isHeardIn(text, words);
      if (!isHeard && !isAll) return;
      for (const stop of stops) stop();
      // He cut in before he had heard it, so he is told again.
      if (!isHeard) this.#say(telling, words, 2);
      else if (telling.isWanted()) telling.onEnd();
    };
    stops.push(
      events.on('agentHeard', ({ heardText }) => spoken(heardText, false)),
      events.on('agentSpoke', ({ heardText }) => spoken(heardText, true)),
    );
  }

  #say(telling: Telling, line: string, times: number): void {
    const { mode, callerHears } = this.#options;
    if (!telling.isWanted()) return;
    if (!mode.told) return void telling.onEnd('calls.no-voice');
    if (times > MOST_TIMES) return void telling.onEnd('recording.notice-unheard');
    // He and the caller may hear the same by now.
    const aside = telling.aside === true && !callerHears();
    if (this.#beingSaid && !aside) {
      this.#beingSaid.telling = telling;
      return;
    }
    const said = { telling };
    if (!aside) this.#beingSaid = said;
    const onSpoken = (heard: boolean) => {
      if (this.#beingSaid === said) this.#beingSaid = undefined;
      const last = said.telling;
      if (!heard) this.#say(last, line, last === telling ? times + 1 : 2);
      else if (last.isWanted()) last.onEnd();
    };
    mode.told({ speech: { line }, ...(aside && { aside }), onSpoken });
  }

  /** Never rejects. */
  async #play(telling: Telling, url: string): Promise<void> {
    const { ports, sessionId, of, log } = this.#options;
    this.#beingPlayed = telling;
    const operationContext = playOf(telling);
    const begun = { sessionId, operationContext, kind: 'play', deadlineMs: PLAYED_WITHIN_MS } as const;
    try {
      if (await ports.ledger.begin({ ...begun, data: { askedBy: 'engine' } })) {
        const play = async () => ports.carrier.play((await of(operationContext)).callId, url, operationContext);
        return await (ports.traces ?? noCallTraces).within(sessionId, operationSpan('play'), play);
      }
      // Another host has had it played.
      const found = await ports.ledger.get(sessionId, operationContext);
      if (found && isSettled(found.state)) this.ended(operationContext, found.state === 'succeeded');
    } catch (error) {
      if (mayBeDone(error)) return;
      const message = reasonOf(error);
      const failed = { operationContext, state: 'failed', result: { message } } as const;
      ports.ledger.settle(sessionId, failed).catch((unnoted: unknown) => {
        log.debug({ reason: reasonOf(unnoted) }, 'that a notice is not played could not be noted');
      });
      if (telling.isWanted()) telling.onEnd(message);
    }
  }
}

/** Names what the carrier plays. */
const playOf = ({ by }: Telling): string => `${by}.notice`;
