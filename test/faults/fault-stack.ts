import { freePorts } from '../../shared/testing/free-ports.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import { FaultyLine, type LineFault } from '../testing/faulty-line.ts';
import { RunningStack } from '../testing/running-stack.ts';
import { FaultyModel, type ModelDeed } from './faulty-model.ts';
import { FaultyVoice } from './faulty-voice.ts';

export const SERVICES = ['openai', 'speech', 'acs', 'redis'] as const;
export type FaultyService = (typeof SERVICES)[number];
type Lines = Readonly<Partial<Record<FaultyService, FaultyLine>>>;

const ACCESS_KEY = Buffer.from('of this test alone').toString('base64');

/** A stack of its own, each service of which is reached over a line that can fail; the second model and region over none. */
export class FaultStack {
  readonly stack: RunningStack;
  readonly voice: FaultyVoice;
  readonly #lines: Lines;
  readonly #closing: AsyncDisposableStack;

  private constructor(stack: RunningStack, voice: FaultyVoice, lines: Lines, closing: AsyncDisposableStack) {
    this.stack = stack;
    this.voice = voice;
    this.#lines = lines;
    this.#closing = closing;
  }

  /**
   * @param deedFor what the first model does with a request, by the caller's last words
   * @param second says what the second model does; undefined: there is no second model and no second region
   */
  static async start(
    deedFor: (lastWords: string) => ModelDeed,
    second: ((lastWords: string) => ModelDeed) | undefined,
  ): Promise<FaultStack> {
    await using opened = new AsyncDisposableStack();
    const closes = <Thing extends { close(): unknown }>(thing: Thing): Thing =>
      opened.adopt(thing, async (each) => void (await each.close()));
    const [port = 0] = await freePorts(1);
    const model = closes(await FaultyModel.start(deedFor));
    const voice = closes(await FaultyVoice.start(() => port));
    const redis = await startRedisServer();
    if (redis) closes(redis);
    const openai = closes(await FaultyLine.to(Number(new URL(model.url).port)));
    const speech = closes(await FaultyLine.to(Number(new URL(voice.url).port)));
    const acs = closes(await FaultyLine.to(port));
    const redisLine = redis && closes(await FaultyLine.to(Number(new URL(redis.url).port)));
    const other = second && closes(await FaultyModel.start(second));
    const stack = closes(
      await RunningStack.start({
        AZURE_OPENAI_BASE_URL: `http://127.0.0.1:${openai.port}/openai/v1`,
        SPEECH_HOST: `ws://127.0.0.1:${speech.port}`,
        ACS_CONNECTION_STRING: `endpoint=http://127.0.0.1:${acs.port}/;accesskey=${ACCESS_KEY}`,
        EMULATOR_ACCESS_KEY: ACCESS_KEY,
        EMULATOR_PORT: String(port),
        EMULATOR_SPEECH_KEY: 'of-this-test-alone',
        SPEECH_KEY: 'of-this-test-alone',
        ...(redisLine && { REDIS_URL: `redis://127.0.0.1:${redisLine.port}` }),
        ...(other && {
          AZURE_OPENAI_FALLBACK_BASE_URL: other.url,
          AZURE_OPENAI_FALLBACK_API_KEY: 'other',
          SPEECH_FALLBACK_HOST: `ws://127.0.0.1:${port}`,
          SPEECH_FALLBACK_KEY: 'of-this-test-alone',
        }),
      }),
    );
    const lines = { openai, speech, acs, ...(redisLine && { redis: redisLine }) };
    return new FaultStack(stack, voice, lines, opened.move());
  }

  has(service: FaultyService): boolean {
    return this.#lines[service] !== undefined;
  }

  become(service: FaultyService, fault: LineFault): void {
    this.#lines[service]?.become(fault);
  }

  async close(): Promise<void> {
    await this.#closing.disposeAsync();
  }
}
