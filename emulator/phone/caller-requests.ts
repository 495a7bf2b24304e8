import { z } from 'zod';
import { bytesOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';
import { mixToMono, parseWav } from '../../shared/audio/wav.ts';
import { DependencyError, messageOf, RequestError } from '../../shared/errors.ts';

const PATIENCE_MS = 10_000;

/** Of `GET /api/v1/calls/{id}`, what is of use here. */
const callRecord = z.object({
  session_id: z.string(),
  agent: z.string(),
  mode: z.string(),
  events: z.array(z.object({ type: z.string(), data: z.record(z.string(), z.unknown()) })),
  transcript: z.array(
    z.union([
      z.object({ role: z.enum(['caller', 'agent']), text: z.string(), heard: z.boolean().optional() }),
      z.object({ role: z.literal('tool'), tool: z.string(), args: z.unknown(), result: z.unknown() }),
    ]),
  ),
});
/** Of the event `turn.latency`: each from the end of the caller's speech. What a draft began early may be first. */
export const answerStages = z.object({
  wordsMs: z.number(),
  recognisedMs: z.number(),
  firstTokenMs: z.number(),
  firstVoiceMs: z.number(),
  firstAudioMs: z.number(),
});
export type AnswerStages = Readonly<z.infer<typeof answerStages>>;

export type CallRecord = Readonly<z.infer<typeof callRecord>>;
export type TranscriptLine = CallRecord['transcript'][number];

const agentList = z.object({ agents: z.array(z.object({ name: z.string(), mode: z.string(), default: z.boolean() })) });

const modeList = z.object({ modes: z.array(z.object({ name: z.string(), answers: z.boolean() })) });

const placedCall = z.object({ call_id: z.string() });

const apiToken = z.object({ token: z.string() });

/** What the caller asks of the stack over HTTP. Every request is bounded. */
export class CallerRequests {
  readonly #emulatorUrl: string;
  readonly #functionsUrl: string;
  readonly #streamHostUrl: string;

  /** Each is `http://host:port`. */
  constructor(urls: { readonly emulatorUrl: string; readonly functionsUrl: string; readonly streamHostUrl: string }) {
    this.#emulatorUrl = urls.emulatorUrl;
    this.#functionsUrl = urls.functionsUrl;
    this.#streamHostUrl = urls.streamHostUrl;
  }

  /**
   * Has the emulator speak a text.
   * @returns PCM16 mono 16 kHz
   * @throws {DependencyError} where it does not answer, or cannot
   */
  async speech(text: string, voice: string): Promise<Uint8Array> {
    const address = new URL('/emulator/say', this.#emulatorUrl);
    const response = await this.#fetch('the emulator', address, posting({ text, voice }));
    return pcmOfWav(new Uint8Array(await response.arrayBuffer()));
  }

  /**
   * Has the application call a number.
   * @param wanted who speaks and in which mode; what is not said is the application's own choice
   * @throws {DependencyError} where the functions do not answer, or refuse
   */
  async placeCall(
    number: string,
    wanted: { readonly agent?: string | undefined; readonly mode?: string | undefined } = {},
  ): Promise<void> {
    const address = new URL('/api/v1/calls/initiate', this.#functionsUrl);
    const call = {
      target_number: number,
      ...(wanted.agent && { agent: wanted.agent }),
      ...(wanted.mode && { streaming_mode: wanted.mode }),
    };
    const response = await this.#askFunctions(address, posting(call));
    placedCall.parse(await (await accepted(address, response)).json());
  }

  /**
   * The agents that one can talk with, and the mode of their calls where nobody asks for another.
   * @throws {DependencyError} where the stream host does not answer
   */
  async agents(): Promise<z.infer<typeof agentList>['agents']> {
    const response = await this.#fetch('the stream host', new URL('/api/v1/agents', this.#streamHostUrl), {});
    return agentList.parse(await response.json()).agents;
  }

  /**
   * The streaming modes that the stack has, and whether somebody answers in them.
   * @throws {DependencyError} where the stream host does not answer
   */
  async modes(): Promise<z.infer<typeof modeList>['modes']> {
    const response = await this.#fetch('the stream host', new URL('/api/v1/modes', this.#streamHostUrl), {});
    return modeList.parse(await response.json()).modes;
  }

  /** What is on record of a call so far; undefined where the functions cannot tell (yet). */
  async record(callConnectionId: string): Promise<CallRecord | undefined> {
    const address = new URL(`/api/v1/calls/${encodeURIComponent(callConnectionId)}`, this.#functionsUrl);
    try {
      const response = await this.#askFunctions(address, {});
      return response.ok ? callRecord.parse(await response.json()) : undefined;
    } catch {
      return undefined;
    }
  }

  async #fetch(who: string, address: URL, request: Asked): Promise<Response> {
    return accepted(address, await reach(who, address, request));
  }

  /** Where the functions ask for a token of Entra, the emulated one gives it. */
  async #askFunctions(address: URL, request: Asked): Promise<Response> {
    const response = await reach('the functions', address, request);
    if (response.status !== 401) return response;
    const asked = await this.#fetch(
      'the emulator',
      new URL('/emulator/token', this.#emulatorUrl),
      posting({ kind: 'api' }),
    );
    const { token } = apiToken.parse(await asked.json());
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    return reach('the functions', address, { ...request, headers });
  }
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const posting = (body: unknown): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** @throws {DependencyError} where nobody answers */
async function reach(who: string, address: URL, request: Asked): Promise<Response> {
  try {
    return await fetch(address, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    const problem = error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
    const message = `Nothing answers at ${address.origin} (${who}): ${problem}. Start the stack with: npm start`;
    throw new DependencyError('call.no_answer', message, error);
  }
}

/** @throws {DependencyError} where the answer is a refusal */
async function accepted(address: URL, response: Response): Promise<Response> {
  if (response.ok) return response;
  const answer = (await response.text()).slice(0, 300);
  throw new DependencyError('call.refused', `${address} answered ${response.status}: ${answer}`);
}

/** Any 16-bit WAV as what Parley speaks. @throws {ParleyError} where it is none, or has no sound in it */
export function pcmOfWav(bytes: Uint8Array): Uint8Array {
  const wav = parseWav(bytes);
  if (!wav.channels[0]?.length) throw new RequestError('audio.wav', 'This WAV file has no audio in it.');
  return new Resampler(wav.sampleRate, SAMPLE_RATE).write(bytesOf(mixToMono(wav)));
}
