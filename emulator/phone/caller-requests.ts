import { z } from 'zod';
import { bytesOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';
import { mixToMono, parseWav } from '../../shared/audio/wav.ts';
import { ParleyClient } from '../../shared/client/client.ts';
import type { Paths } from '../../shared/client/paths.ts';
import type { AnswerAt } from '../../shared/client/route-paths.ts';
import { DependencyError, messageOf, RequestError } from '../../shared/errors.ts';
import { streamingMode } from '../../shared/modes/streaming-modes.ts';

const PATIENCE_MS = 10_000;

type Call = AnswerAt<Paths, '/api/v1/calls/{id}'>;

/** Of a call that is read, what is of use here. */
export type CallRecord = Pick<Call, 'session_id' | 'agent' | 'mode' | 'transcript'> & {
  readonly events: (Pick<Call['events'][number], 'type' | 'data'> & { readonly at?: string | null })[];
  readonly operations?: Pick<Call['operations'][number], 'kind' | 'state'>[];
};
export type TranscriptLine = Call['transcript'][number];

/** What the service tells the agent of the call is no tool that it has used. */
export const isOwnTool = (line: TranscriptLine): line is Extract<TranscriptLine, { role: 'tool' }> =>
  line.role === 'tool' && line.by === undefined;

/** Of the event `turn.latency`: each from the end of the caller's speech. What a draft began early may be first. */
export const answerStages = z.object({
  wordsMs: z.number(),
  recognisedMs: z.number(),
  firstTokenMs: z.number(),
  firstVoiceMs: z.number(),
  firstAudioMs: z.number(),
});
export type AnswerStages = Readonly<z.infer<typeof answerStages>>;

const apiToken = z.object({ token: z.string() });

/** What the caller asks of the stack over HTTP. Every request is bounded. */
export class CallerRequests {
  readonly #emulatorUrl: string;
  readonly #functions: ParleyClient;
  readonly #streamHost: ParleyClient;
  readonly #functionsUrl: string;
  readonly #streamHostUrl: string;
  /** Where the functions ask for a token of Entra, the emulated one gives it. */
  #token: string | undefined;

  /** Each is `http://host:port`. */
  constructor(urls: { readonly emulatorUrl: string; readonly functionsUrl: string; readonly streamHostUrl: string }) {
    this.#emulatorUrl = urls.emulatorUrl;
    this.#functionsUrl = urls.functionsUrl;
    this.#streamHostUrl = urls.streamHostUrl;
    const timeoutMs = PATIENCE_MS;
    this.#functions = new ParleyClient({ baseUrl: urls.functionsUrl, timeoutMs, token: async () => this.#token });
    this.#streamHost = new ParleyClient({ baseUrl: urls.streamHostUrl, timeoutMs });
  }

  /**
   * Has the emulator speak a text.
   * @returns PCM16 mono 16 kHz
   * @throws {DependencyError} where it does not answer, or cannot
   */
  async speech(text: string, voice: string): Promise<Uint8Array> {
    const address = new URL('/emulator/say', this.#emulatorUrl);
    const response = await askEmulator(address, { text, voice });
    return pcmOfWav(new Uint8Array(await response.arrayBuffer()));
  }

  /**
   * Has the application call a number.
   * @param wanted who speaks and in which mode; what is not said is the application's own choice
   * @throws {DependencyError} where the functions do not answer, or refuse
   */
  async placeCall(
    number: string,
    wanted: {
      readonly agent?: string | undefined;
      readonly mode?: string | undefined;
      readonly teams?: string | undefined;
      readonly context?: Readonly<Record<string, string>> | undefined;
      readonly record?: boolean | undefined;
    } = {},
  ): Promise<void> {
    const body = {
      target_number: number,
      ...(wanted.teams && { caller_id: wanted.teams }),
      ...(wanted.agent && { agent: wanted.agent }),
      ...(wanted.context && { context: wanted.context }),
      ...(wanted.record && { record_call: true }),
      ...(wanted.mode && { streaming_mode: streamingMode.parse(wanted.mode) }),
    };
    await this.#ofFunctions(({ api }) => api.POST('/api/v1/calls/initiate', { body }));
  }

  /**
   * The agents that one can talk with, and the mode of their calls where nobody asks for another.
   * @throws {DependencyError} where the stream host does not answer
   */
  async agents(): Promise<AnswerAt<Paths, '/api/v1/agents'>['agents']> {
    return (await this.#ofStreamHost(({ api }) => api.GET('/api/v1/agents'))).agents;
  }

  /**
   * The streaming modes that the stack has, and whether somebody answers in them.
   * @throws {DependencyError} where the stream host does not answer
   */
  async modes(): Promise<AnswerAt<Paths, '/api/v1/modes'>['modes']> {
    return (await this.#ofStreamHost(({ api }) => api.GET('/api/v1/modes'))).modes;
  }

  /** What is on record of a call so far; undefined where the functions cannot tell (yet). */
  async record(callConnectionId: string): Promise<CallRecord | undefined> {
    const params = { path: { id: callConnectionId } };
    return this.#ofFunctions(({ api }) => api.GET('/api/v1/calls/{id}', { params })).catch(() => undefined);
  }

  async #ofFunctions<Data>(ask: (client: ParleyClient) => Promise<Answered<Data>>): Promise<Data> {
    const where = { name: 'the functions', url: this.#functionsUrl };
    const first = await reach(where, () => ask(this.#functions));
    if (first.response.status !== 401) return accepted(first);
    const response = await askEmulator(new URL('/emulator/token', this.#emulatorUrl), { kind: 'api' });
    this.#token = apiToken.parse(await response.json()).token;
    return accepted(await reach(where, () => ask(this.#functions)));
  }

  async #ofStreamHost<Data>(ask: (client: ParleyClient) => Promise<Answered<Data>>): Promise<Data> {
    return accepted(await reach({ name: 'the stream host', url: this.#streamHostUrl }, () => ask(this.#streamHost)));
  }
}

/** An answer as the client gives it: with what was asked for, or with an error. */
interface Answered<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** @throws {DependencyError} where nobody answers */
async function reach<Answer>(
  { name, url }: { readonly name: string; readonly url: string },
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const problem = error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
    const message = `Nothing answers at ${new URL(url).origin} (${name}): ${problem}. Start the stack with: npm start`;
    throw new DependencyError('call.no_answer', message, error);
  }
}

/** @throws {DependencyError} where the answer is a refusal */
function accepted<Data>({ data, error, response }: Answered<Data>): Data {
  if (data !== undefined) return data;
  const answer = (typeof error === 'string' ? error : JSON.stringify(error)).slice(0, 300);
  throw new DependencyError('call.refused', `${response.url} answered ${response.status}: ${answer}`);
}

/** The emulator is no part of the API. @throws {DependencyError} where it does not answer, or cannot */
async function askEmulator(address: URL, body: unknown): Promise<Response> {
  const response = await reach({ name: 'the emulator', url: address.href }, () =>
    fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    }),
  );
  return response.ok ? response : accepted({ error: await response.text(), response });
}

/** Any 16-bit WAV as what Parley speaks. @throws {ParleyError} where it is none, or has no sound in it */
export function pcmOfWav(bytes: Uint8Array): Uint8Array {
  const wav = parseWav(bytes);
  if (!wav.channels[0]?.length) throw new RequestError('audio.wav', 'This WAV file has no audio in it.');
  return new Resampler(wav.sampleRate, SAMPLE_RATE).write(bytesOf(mixToMono(wav)));
}
