import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { writeBenchAgent } from '../../../bench/acs/bench-agent.ts';
import type { Clips } from '../../../bench/acs/clips.ts';
import type { ProvidersApi } from '../../../bench/acs/providers.ts';
import { startProviders } from '../../../bench/acs/start-providers.ts';
import type { Child } from '../../../bench/child.ts';
import { AccessTokens } from '../../../emulator/identity/access-tokens.ts';
import { loadCertificate } from '../../../emulator/tls/certificates.ts';
import { systemClock } from '../../../shared/clock.ts';
import { RunningStack } from '../../testing/running-stack.ts';

const REDIS_AUDIENCE = 'https://redis.azure.com';

const status = z.object({
  identity: z.object({ requests: z.record(z.string(), z.record(z.string(), z.number())), refused: z.number() }),
  redis: z.object({
    connections: z.number(),
    authenticated: z.number(),
    renewed: z.number(),
    refused: z.number(),
    cut: z.number(),
  }),
});
export type IdentityStatus = z.output<typeof status>;

/**
 * `npm start -- --identity` as a user has it, but for speech, voice and model, which a scripted process plays that takes
 * the tokens of the same issuer: many calls would be too much for the emulator's own.
 */
export class IdentityStack {
  readonly clips: Clips;
  readonly #running: RunningStack;
  readonly #providers: Child<ProvidersApi>;
  readonly #folder: string;
  readonly #tokens: AccessTokens;
  readonly #ca: string;
  readonly #tokenSeconds: number;
  #witness: Redis | undefined;
  #witnessCuts = 0;

  private constructor(
    parts: { clips: Clips; running: RunningStack; providers: Child<ProvidersApi>; tokens: AccessTokens; ca: string },
    folder: string,
    tokenSeconds: number,
  ) {
    this.clips = parts.clips;
    this.#running = parts.running;
    this.#providers = parts.providers;
    this.#tokens = parts.tokens;
    this.#ca = parts.ca;
    this.#folder = folder;
    this.#tokenSeconds = tokenSeconds;
  }

  static async start(tokenSeconds: number, calls: number): Promise<IdentityStack> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-identity-'));
    const agent = await writeBenchAgent(folder);
    const tokens = await AccessTokens.open(systemClock, folder);
    const { cert: ca } = await loadCertificate(folder);
    const { clips, far, process: providers } = await startProviders(folder, { tokensFolder: folder });
    try {
      const running = await RunningStack.start(
        {
          ...{ EMULATOR_CA_FOLDER: folder, EMULATOR_IDENTITY_TOKEN_SECONDS: String(tokenSeconds) },
          ...{ SPEECH_HOST: `ws://${far}`, AZURE_OPENAI_BASE_URL: `http://${far}/openai/v1` },
          ...{ ...agent, MAX_SESSIONS: String(2 * calls + 10) },
        },
        '--identity',
      );
      return new IdentityStack({ clips, running, providers, tokens, ca }, folder, tokenSeconds);
    } catch (error) {
      await providers.close();
      throw error;
    }
  }

  get emulatorUrl(): string {
    return this.#running.emulatorUrl;
  }

  get log(): readonly string[] {
    return this.#running.log;
  }

  /** How often a connection was cut that never shows a second token: each time it comes again with another. */
  get witnessCuts(): number {
    return this.#witnessCuts;
  }

  async status(): Promise<IdentityStatus> {
    return status.parse(await this.#running.getJson(`${this.emulatorUrl}/emulator/status`));
  }

  /** Sockets and requests that the scripted services took, and refused. */
  door(): Promise<{ readonly accepted: number; readonly refused: number }> {
    return this.#providers.call('doorReport');
  }

  /** Ends a call by the functions, which ask ACS. @returns the status of the answer */
  async hangUp(callId: string): Promise<number> {
    const response = await fetch(`${this.#running.functionsUrl}/api/v1/calls/${callId}/hangup`, { method: 'POST' });
    await response.text();
    return response.status;
  }

  /** Opens the connection of {@link witnessCuts}. */
  watchRedis(): void {
    const port = /asks for tokens listens on port (\d+)/.exec(this.log.join('\n'))?.[1];
    const { token } = this.#tokens.issue(REDIS_AUDIENCE, 'witness', this.#tokenSeconds);
    const { oid } = z.object({ oid: z.string() }).parse(JSON.parse(atob(token.split('.')[1] ?? '')));
    const options = { port: Number(port), host: 'localhost', tls: { ca: this.#ca }, username: oid, password: token };
    const redis = new Redis({ ...options, retryStrategy: () => null });
    redis.on('error', () => {});
    redis.once('end', () => {
      if (this.#witness !== redis) return;
      this.#witnessCuts += 1;
      this.watchRedis();
    });
    this.#witness = redis;
  }

  async close(): Promise<void> {
    const witness = this.#witness;
    this.#witness = undefined;
    witness?.disconnect();
    await this.#running.close();
    await this.#providers.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
