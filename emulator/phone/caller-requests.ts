import { z } from 'zod';
import { bytesOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';
import { mixToMono, parseWav } from '../../shared/audio/wav.ts';
import { DependencyError, messageOf, RequestError } from '../../shared/errors.ts';

const PATIENCE_MS = 10_000;

const transcript = z.object({
  transcript: z.array(
    z.union([
      z.object({ role: z.enum(['caller', 'agent']), text: z.string(), heard: z.boolean().optional() }),
      z.object({ role: z.literal('tool'), tool: z.string(), args: z.unknown(), result: z.unknown() }),
    ]),
  ),
});
export type TranscriptLine = z.infer<typeof transcript>['transcript'][number];

const placedCall = z.object({ call_id: z.string() });

/** What the caller asks of the stack over HTTP. Every request is bounded. */
export class CallerRequests {
  readonly #emulatorUrl: string;
  readonly #functionsUrl: string;

  /** @param emulatorUrl and @param functionsUrl `http://host:port` */
  constructor(emulatorUrl: string, functionsUrl: string) {
    this.#emulatorUrl = emulatorUrl;
    this.#functionsUrl = functionsUrl;
  }

  /**
   * Has the emulator speak a text.
   * @returns PCM16 mono 16 kHz
   * @throws {DependencyError} where it does not answer, or cannot
   */
  async speech(text: string, voice: string): Promise<Uint8Array> {
    const response = await this.#post('the emulator', new URL('/emulator/say', this.#emulatorUrl), { text, voice });
    return pcmOfWav(new Uint8Array(await response.arrayBuffer()));
  }

  /**
   * Has the application call a number.
   * @throws {DependencyError} where the functions do not answer, or refuse
   */
  async placeCall(number: string): Promise<void> {
    const address = new URL('/api/v1/calls/initiate', this.#functionsUrl);
    const response = await this.#post('the functions', address, { target_number: number });
    placedCall.parse(await response.json());
  }

  /** What has been said in a call so far; undefined where the functions cannot tell (yet). */
  async transcript(callConnectionId: string): Promise<TranscriptLine[] | undefined> {
    const address = new URL(`/api/v1/calls/${encodeURIComponent(callConnectionId)}`, this.#functionsUrl);
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
      return response.ok ? transcript.parse(await response.json()).transcript : undefined;
    } catch {
      return undefined;
    }
  }

  async #post(who: string, address: URL, body: unknown): Promise<Response> {
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(address, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error) => {
      const problem = error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
      const message = `Nothing answers at ${address.origin} (${who}): ${problem}. Start the stack with: npm start`;
      throw new DependencyError('call.no_answer', message, error);
    });
    if (response.ok) return response;
    const answer = (await response.text()).slice(0, 300);
    throw new DependencyError('call.refused', `${address} answered ${response.status}: ${answer}`);
  }
}

/** Any 16-bit WAV as what Parley speaks. @throws {ParleyError} where it is none, or has no sound in it */
export function pcmOfWav(bytes: Uint8Array): Uint8Array {
  const wav = parseWav(bytes);
  if (!wav.channels[0]?.length) throw new RequestError('audio.wav', 'This WAV file has no audio in it.');
  return new Resampler(wav.sampleRate, SAMPLE_RATE).write(bytesOf(mixToMono(wav)));
}
