import { keyOf, toneAudio, toneName } from './dtmf.ts';
import { PlayoutBuffer } from './playout-buffer.ts';

type Report = (type: string, data: Readonly<Record<string, unknown>>) => void;

const MAX_TONE_AUDIO_MS = 60_000;
const SUCCEEDED = { code: 200, subCode: 0, message: '' };

/** A call's touch tones: those that the caller dials, as events; those that the application sends, as sound. */
export class ToneExchange {
  readonly #report: Report;
  readonly #sound = new PlayoutBuffer(MAX_TONE_AUDIO_MS);
  /** The operation contexts of what is being sent, each with the audio that is left when it is done. */
  #sending: (string | undefined)[] = [];
  #listening: { readonly operationContext: string | undefined; sequenceId: number } | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  listen(operationContext: string | undefined): void {
    this.#listening = { operationContext, sequenceId: 0 };
  }

  stopListening(operationContext: string | undefined): void {
    this.#listening = undefined;
    this.#report('ContinuousDtmfRecognitionStopped', withContext(operationContext, { resultInformation: SUCCEEDED }));
  }

  /** @param key what the caller dialled */
  dialled(key: string): void {
    const listening = this.#listening;
    if (!listening) return;
    listening.sequenceId++;
    this.#report(
      'ContinuousDtmfRecognitionToneReceived',
      withContext(listening.operationContext, {
        sequenceId: listening.sequenceId,
        tone: toneName(key),
        resultInformation: SUCCEEDED,
      }),
    );
  }

  /** @param names as Call Automation spells them */
  send(names: readonly string[], operationContext: string | undefined): void {
    for (const name of names) this.#sound.write(toneAudio(keyOf(name)));
    this.#sending.push(operationContext);
  }

  /** The next 20 ms of tones being sent; nothing when there are none. */
  read(): Uint8Array | undefined {
    const frame = this.#sound.read();
    if (frame && this.#sound.bufferedMs === 0) {
      for (const context of this.#sending) {
        this.#report('SendDtmfTonesCompleted', withContext(context, { resultInformation: SUCCEEDED }));
      }
      this.#sending = [];
    }
    return frame;
  }
}

const withContext = (operationContext: string | undefined, data: Readonly<Record<string, unknown>>) => ({
  ...(operationContext !== undefined && { operationContext }),
  ...data,
});
