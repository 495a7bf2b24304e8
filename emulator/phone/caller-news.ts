import type { Clock } from '../../shared/clock.ts';
import { wait } from '../wait.ts';
import type { CallDiary } from './call-diary.ts';
import type { CallFaults } from './call-faults.ts';
import type { CallEvent } from './caller-events.ts';
import type { CallerPhone } from './caller-phone.ts';
import type { CallRecord } from './caller-requests.ts';
import { CallerTranscript, type TurnOnRecord } from './caller-transcript.ts';

export interface CallerNewsOptions {
  readonly clock: Clock;
  readonly phone: CallerPhone;
  readonly diary: CallDiary;
  readonly faults: CallFaults;
  /** The record of the call so far; undefined where it cannot be had. */
  readonly read: () => Promise<CallRecord | undefined>;
  /** Nothing of what is said comes on record any more. */
  readonly isAlone: () => boolean;
}

/** What failed works again so soon after it may. */
const WHOLE_AGAIN_MS = 10_000;
const LOOK_AGAIN_MS = 200;
/** What was sent and what was heard of one sound lie so near to one another. */
const ONE_MOMENT_MS = 500;

/** Reads what comes on record of the call, and tells it with its own times. */
export class CallerNews {
  readonly transcript: CallerTranscript;
  readonly #options: CallerNewsOptions;
  /** Something was said that could not be read when it was. */
  #isBehind = false;

  constructor(options: CallerNewsOptions) {
    const { clock, phone, read } = options;
    this.#options = options;
    this.transcript = new CallerTranscript({
      clock,
      read,
      startWallMs: () => clock.wallMs() - phone.sinceConnected(clock.now()),
    });
  }

  /** What has come since it was told last. Undefined where nobody can tell, which is told, too. */
  async readOn(): Promise<TurnOnRecord | undefined> {
    const { phone, diary, isAlone } = this.#options;
    const turn = await this.transcript.readOn(() => phone.isOver || isAlone());
    if (turn === undefined && !this.#isBehind && !phone.isLeaving && phone.callConnectionId !== undefined) {
      this.#isBehind = true;
      diary.tell({ event: 'unread', atMs: phone.atMs });
    }
    return turn;
  }

  /** Tells what has come by now, whether it is whole or not. */
  async tellNew(): Promise<void> {
    const news = await this.transcript.readNow();
    if (news && news.lines.length > 0) this.tell(news, []);
  }

  /** Tells what is on record, with each verdict before the agent's words that it is about. */
  tell(turn: TurnOnRecord | undefined, verdicts: readonly CallEvent[]): void {
    const { diary, phone } = this.#options;
    if (turn) this.transcript.told(turn);
    const untold = [...verdicts];
    const told: CallEvent[] = [];
    for (const { atMs = phone.atMs, line } of turn?.lines ?? []) {
      const [verdict] = untold;
      if (line.role === 'agent' && verdict && verdict.atMs - atMs <= ONE_MOMENT_MS) {
        untold.shift();
        told.push({ ...verdict, atMs: Math.min(verdict.atMs, atMs) });
      }
      told.push({ event: 'transcript', atMs, line });
    }
    told.push(...untold);
    // Within one moment, what was said in place of an answer follows on what is known of it.
    for (const { atMs = verdicts[0]?.atMs ?? phone.atMs, text } of turn?.fillings ?? []) {
      const at = told.findIndex(
        (each) => each.event === 'transcript' && each.line.role === 'agent' && each.atMs >= atMs,
      );
      told.splice(at < 0 ? told.length : at, 0, { event: 'meanwhile', atMs, text });
    }
    const inOrder = told.toSorted((a, b) => a.atMs - b.atMs);
    const [first] = inOrder;
    if (this.#isBehind && first && turn && turn.lines.length > 0) {
      this.#isBehind = false;
      diary.tell({ event: 'read-late', atMs: first.atMs });
    }
    diary.tell(...inOrder);
  }

  /**
   * The end of the call ends what failed in it: what was said is on record as soon as it can be read again.
   * @returns false where it is not
   */
  async wholeAgain(): Promise<boolean> {
    const { clock, phone, faults, read } = this.#options;
    const isThere = async () => {
      const record = phone.callConnectionId === undefined ? undefined : await read();
      const isWritten = !this.#isBehind || record?.events.some(({ type }) => type === 'conversation.ended');
      return !faults.isAnyOn && (phone.callConnectionId === undefined || (record !== undefined && isWritten));
    };
    const giveUpMs = clock.now() + WHOLE_AGAIN_MS;
    while (faults.areWanted && !(await isThere())) {
      if (clock.now() >= giveUpMs) return false;
      await wait(clock, LOOK_AGAIN_MS);
    }
    return true;
  }
}
