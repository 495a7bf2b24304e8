import type OpenAI from 'openai';
import type { Clock } from '../../shared/clock.ts';
import { type Asked, type Check, CheckFailure } from '../../shared/health/check.ts';
import type { DependencySpec } from '../../shared/health/dependency.ts';
import type { Logger } from '../../shared/log.ts';
import { DeploymentTraits } from '../agent/deployment-traits.ts';
import { toModelError } from '../agent/model-errors.ts';
import { bytesOf } from '../agent/model-fetch.ts';
import { RoundOpener } from '../agent/round-opener.ts';
import { TurnWaits } from '../agent/turn-waits.ts';

export interface ModelCheckOptions {
  readonly client: OpenAI;
  readonly deployment: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The fewest tokens that every model takes as a limit. */
const MAX_TOKENS = 16;
const WAIT_MS = 8_000;
const LIMITS = { firstMs: WAIT_MS, silentMs: WAIT_MS, maxTextCharacters: 10_000 };

/**
 * The language model. An empty conversation is refused as such (400) by a deployment that is there, after key and name were
 * taken, and costs no token; thoroughly, it says a word, on the way that answers take.
 */
export const modelDependency = (options: ModelCheckOptions): DependencySpec => ({
  name: 'chat-model',
  late: 'model.unreachable',
  gates: true,
  check: checkOf({
    ...options,
    traits: new DeploymentTraits(),
    // What it says of each request that it sends again is for the log of a call.
    log: options.log.child({}, { level: 'silent' }),
  }),
});

interface Kept {
  readonly traits: DeploymentTraits;
}

const checkOf =
  (options: ModelCheckOptions & Kept): Check =>
  async (asked) => {
    try {
      if (asked.thorough || (await isUnclear(options, asked))) await sayWord(options, asked);
      return {};
    } catch (thrown) {
      throw failureOf(thrown);
    }
  };

/** @returns whether the answer says nothing of us: some servers do not know what to do with an empty conversation */
async function isUnclear({ client, deployment }: ModelCheckOptions, { signal }: Asked): Promise<boolean> {
  try {
    const request = client.chat.completions.create({ model: deployment, messages: [], stream: true }, { signal });
    const response = await request.asResponse();
    bytesOf(response).destroy();
    return false;
  } catch (thrown) {
    const { code, cause } = toModelError(thrown);
    const status = cause instanceof Error && 'status' in cause ? Number(cause.status) : Number.NaN;
    if (status >= 500 && code === 'model.failed') return true;
    if (code !== 'model.rejected') throw thrown;
    return false;
  }
}

async function sayWord(options: ModelCheckOptions & Kept, { signal }: Asked): Promise<void> {
  const { client, deployment, traits, clock, log } = options;
  const waits = new TurnWaits(clock, signal, WAIT_MS);
  const opener = new RoundOpener({ client, traits, clock, log, limits: LIMITS, omit: [] });
  const round = await opener.open(
    { model: deployment, messages: [{ role: 'user', content: 'Say OK.' }], max_completion_tokens: MAX_TOKENS },
    waits,
  );
  try {
    // A model that thinks has said nothing when its tokens are spent; it has worked all the same.
    await round.next();
  } finally {
    round.close();
  }
}

function failureOf(thrown: unknown): unknown {
  const error = toModelError(thrown);
  switch (error.code) {
    case 'model.unauthorised':
    case 'model.not_found':
      return new CheckFailure('refused', error.code, error);
    case 'model.throttled':
      return new CheckFailure('throttled', error.code, error);
    case 'model.silent':
      return new CheckFailure('unreachable', 'model.unreachable', error);
    default:
      return new CheckFailure('unreachable', error.code, error);
  }
}
