import type { Clock } from '../../shared/clock.ts';
import { type Asked, type Check, CheckFailure } from '../../shared/health/check.ts';
import type { DependencySpec } from '../../shared/health/dependency.ts';
import type { Logger } from '../../shared/log.ts';
import { onlyProvider } from '../../shared/providers/provider.ts';
import { DeploymentTraits } from '../agent/deployment-traits.ts';
import { toModelError } from '../agent/model-errors.ts';
import { bytesOf } from '../agent/model-fetch.ts';
import { type ModelService, RoundOpener } from '../agent/round-opener.ts';
import { TurnWaits } from '../agent/turn-waits.ts';

export interface ModelCheckOptions {
  readonly name: string;
  readonly model: Pick<ModelService, 'client' | 'deployment'>;
  readonly gates: boolean;
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
export const modelDependency = ({ name, gates, model, clock, log }: ModelCheckOptions): DependencySpec => ({
  name,
  late: 'model.unreachable',
  gates,
  check: checkOf({
    // What it has found out is its own: it asks for other things than calls do.
    model: { ...model, traits: new DeploymentTraits() },
    clock,
    // What it says of each request that it sends again is for the log of a call.
    log: log.child({}, { level: 'silent' }),
  }),
});

interface Kept {
  readonly model: ModelService;
  readonly clock: Clock;
  readonly log: Logger;
}

const checkOf =
  (options: Kept): Check =>
  async (asked) => {
    try {
      if (asked.thorough || (await isUnclear(options, asked))) await sayWord(options, asked);
      return {};
    } catch (thrown) {
      throw failureOf(thrown);
    }
  };

/** @returns whether the answer says nothing of us: some servers do not know what to do with an empty conversation */
async function isUnclear({ model: { client, deployment } }: Kept, { signal }: Asked): Promise<boolean> {
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

async function sayWord({ model, clock, log }: Kept, { signal }: Asked): Promise<void> {
  const waits = new TurnWaits(clock, signal, WAIT_MS);
  const models = onlyProvider('check', model, clock);
  const opener = new RoundOpener({ models, clock, log, limits: LIMITS, omit: [] });
  const round = await opener.open(
    { messages: [{ role: 'user', content: 'Say OK.' }], max_completion_tokens: MAX_TOKENS },
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
