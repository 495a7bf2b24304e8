import type OpenAI from 'openai';
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { DeploymentTraits, Parameter, WantedRequest } from './deployment-traits.ts';
import { modelSilent, providerReason, retryAfterMs } from './model-errors.ts';
import { ModelRound, type RoundLimits, type RoundOptions } from './model-round.ts';
import type { TurnWaits } from './turn-waits.ts';

/** A caller will not wait longer for a model that asks for patience. */
const MAX_RETRY_WAIT_MS = 1500;
const RETRY_WAIT_MS = 250;

export interface RoundOpenerOptions {
  readonly client: OpenAI;
  readonly traits: DeploymentTraits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: RoundLimits;
  /** Parameters that the agent's model is known not to take. */
  readonly omit: readonly Parameter[];
  /** See {@link RoundOptions.onUsed}. */
  readonly onUsed?: RoundOptions['onUsed'];
}

/** Asks the model, and asks once more where that may help and the caller can wait for it. */
export class RoundOpener {
  readonly #options: RoundOpenerOptions;

  constructor(options: RoundOpenerOptions) {
    this.#options = options;
  }

  /** @throws what the client throws (see `toModelError`), or a DependencyError */
  async open(wanted: WantedRequest, waits: TurnWaits): Promise<ModelRound> {
    const { client, traits, clock, log, limits, omit, onUsed } = this.#options;
    let retried = false;
    for (;;) {
      const request = traits.shape(wanted, omit);
      try {
        return await ModelRound.open({ client, request, waits, limits, clock, onUsed });
      } catch (thrown) {
        const parameter = traits.learn(thrown, request);
        if (parameter) {
          log.warn({ parameter, ...providerReason(thrown) }, 'the model does not take a parameter: asked without it');
          continue;
        }
        const waitMs = retried ? undefined : retryWaitMs(thrown, clock.wallMs());
        if (waitMs === undefined) throw thrown;
        retried = true;
        log.warn({ waitMs, ...providerReason(thrown) }, 'the model is asked again');
        await waits.for(new Promise<void>((resolve) => clock.after(waitMs, resolve)), waitMs + 1000, modelSilent);
      }
    }
  }
}

/** After how long the same request may succeed; undefined where it will not, or not in time. */
function retryWaitMs(thrown: unknown, nowMs: number): number | undefined {
  if (!(thrown instanceof APIError) || thrown instanceof APIConnectionTimeoutError) return undefined;
  if (thrown instanceof APIConnectionError) return RETRY_WAIT_MS;
  const status = thrown.status ?? 0;
  if (status !== 429 && status !== 408 && status !== 409 && status < 500) return undefined;
  const waitMs = Math.max(RETRY_WAIT_MS, retryAfterMs(thrown, nowMs) ?? 0);
  return waitMs <= MAX_RETRY_WAIT_MS ? waitMs : undefined;
}
