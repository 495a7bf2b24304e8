import { z } from 'zod';
import type { CallDiary } from './call-diary.ts';
import type { CallEvent, Utterance } from './caller-events.ts';
import { type CallerPhone, CallFailed } from './caller-phone.ts';
import type { CallRecord } from './caller-requests.ts';

/** Words of the record, as they are written down by a mode that answers nobody. */
const writtenWords = z.object({
  turn: z.int(),
  speaker: z.string(),
  text: z.string(),
  offsetMs: z.number(),
  durationMs: z.number(),
  confidence: z.number().optional(),
});

export interface SecondParty {
  readonly number: string;
  readonly phone: CallerPhone;
  readonly utterances: readonly Utterance[];
}

export interface WrittenCallOptions {
  readonly phone: CallerPhone;
  readonly utterances: readonly Utterance[];
  /** Joins the call, and speaks in turn with the caller. */
  readonly second: SecondParty | undefined;
  readonly add: (number: string) => void;
  readonly answerSecond: () => void;
  readonly readRecord: () => Promise<CallRecord | undefined>;
  readonly now: () => number;
  readonly diary: CallDiary;
}

/** A notice begins within this, or there is none. */
const NOTICE_MS = 2_500;
const LONGEST_NOTICE_MS = 60_000;
const NOTICE_OVER_MS = 900;
const JOIN_MS = 10_000;
/** What was said is on record so long after its end, or is missed. */
const WRITTEN_MS = 8_000;
const LOOK_AGAIN_MS = 400;
/** Between two speakers: who speaks into another's words is not what this shows. */
const PAUSE_MS = 700;

/** A call that nobody answers: one or two parties speak, and what was written down of it is told. */
export class WrittenCall {
  readonly #options: WrittenCallOptions;
  readonly #missed: string[] = [];
  #told = 0;
  #written = 0;
  /** The agent's lines that were told: its notice. */
  #noticesTold = 0;

  constructor(options: WrittenCallOptions) {
    this.#options = options;
  }

  /** What was not written down, a sentence each. */
  get missed(): readonly string[] {
    return this.#missed;
  }

  /** How many finished words were. */
  get written(): number {
    return this.#written;
  }

  /** @throws {CallFailed} where the second party cannot join */
  async run(): Promise<void> {
    const { phone, utterances, second } = this.#options;
    await phone.until(() => phone.ear.audibleFrames > 0, NOTICE_MS);
    await phone.until(() => phone.quietFor(NOTICE_OVER_MS), LONGEST_NOTICE_MS);
    await this.#tellNew();
    if (second) await this.#join(second);
    const rounds = Math.max(utterances.length, second?.utterances.length ?? 0);
    for (let round = 0; round < rounds; round += 1) {
      await this.#say(phone, 'caller', utterances[round]);
      if (second) await this.#say(second.phone, 'second', second.utterances[round]);
    }
  }

  async #join(second: SecondParty): Promise<void> {
    const { add, answerSecond, phone } = this.#options;
    add(second.number);
    await phone.mustCome(() => second.phone.isRinging, JOIN_MS, 'The phone of the second party did not ring');
    answerSecond();
    const joined = () => second.phone.callConnectionId !== undefined;
    await phone.mustCome(joined, JOIN_MS, 'The second party could not join');
    if (!joined()) throw new CallFailed('Hung up before the second party had joined.');
  }

  async #say(speaking: CallerPhone, by: 'caller' | 'second', utterance: Utterance | undefined): Promise<void> {
    const { phone, diary, now } = this.#options;
    if (utterance === undefined || phone.isLeaving) return;
    diary.hold();
    const { label, keys, waitMs, pcm } = utterance;
    if (waitMs !== undefined) await phone.until(() => false, waitMs);
    if (keys !== undefined) await speaking.press(keys);
    if (pcm.length === 0) return diary.release();
    const { startMs, endMs } = await speaking.sayOut(speaking.speak(pcm), pcm);
    const atMs = phone.sinceConnected(startMs);
    diary.tell({ event: 'caller', atMs, text: label, durationMs: Math.round(endMs - startMs), by });
    const giveUpMs = now() + WRITTEN_MS;
    let written = 0;
    while (written === 0 && now() < giveUpMs && !phone.isOver && !phone.isLeaving) {
      await phone.until(() => false, LOOK_AGAIN_MS);
      written = await this.#tellNew();
    }
    if (written === 0 && !phone.isLeaving) this.#missed.push(`Nothing was written down of "${label}".`);
    diary.release();
    await phone.until(() => false, PAUSE_MS);
  }

  /** What was written down last, as the record has it once the call is over. */
  async tellRest(): Promise<void> {
    await this.#tellNew();
  }

  /** Tells what has come on record. @returns how many finished words that is */
  async #tellNew(): Promise<number> {
    const { phone, diary } = this.#options;
    const record = await this.#options.readRecord();
    const notices = record?.transcript.filter(({ role }) => role === 'agent') ?? [];
    for (const line of notices.slice(this.#noticesTold)) diary.tell({ event: 'transcript', atMs: phone.atMs, line });
    this.#noticesTold = Math.max(this.#noticesTold, notices.length);
    const words = (record?.events ?? []).flatMap(({ type, data }) => {
      const said = type === 'transcript.final' ? writtenWords.safeParse(data).data : undefined;
      return said && said.turn > this.#told ? [said] : [];
    });
    for (const { turn, speaker, text, offsetMs, durationMs, confidence } of words) {
      this.#told = turn;
      this.#written += 1;
      const event: CallEvent = {
        event: 'written',
        atMs: offsetMs,
        turn,
        speaker,
        text,
        durationMs,
        ...(confidence !== undefined && { confidence }),
      };
      diary.tell(event);
    }
    return words.length;
  }
}

const mediaConnected = z.object({ answers: z.boolean() });

/** Whether the mode that has the call answers callers; undefined while that is not on record. */
export function answersCallers(record: CallRecord | undefined): boolean | undefined {
  const connected = record?.events.findLast(({ type }) => type === 'media.connected');
  return mediaConnected.safeParse(connected?.data).data?.answers;
}
