import type OpenAI from 'openai';
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { firstAnswer, type Verdict } from '../../shared/providers/first-answer.ts';
import type { Provider, Providers } from '../../shared/providers/provider.ts';
import type { OnServed } from '../contract/recorder.ts';
import type { TokenCount } from './chat-chunk.ts';
import type { DeploymentTraits, Parameter, WantedRequest } from './deployment-traits.ts';
import { modelAway, modelSilent, providerReason, retryAfterMs, toModelError } from './model-errors.ts';
import { ModelRound, type RoundLimits } from './model-round.ts';
import { TurnAborted, type TurnWaits } from './turn-waits.ts';

/** A caller will not wait longer for a model that asks for patience. */
const MAX_RETRY_WAIT_MS = 1500;
const RETRY_WAIT_MS = 250;

/** A deployment of a model, and what is known of it. */
export interface ModelService {
  readonly client: OpenAI;
  readonly deployment: string;
  readonly traits: DeploymentTraits;
}

export interface RoundOpenerOptions {
  readonly models: Providers<ModelService>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: RoundLimits;
  /** Parameters that the agent's model is known not to take. */
  readonly omit: readonly Parameter[];
  /** Told once of each request, and of which deployment it was; see `RoundOptions`. */
  readonly onUsed?: ((deployment: string, tokens: TokenCount | undefined) => void) | undefined;
  /** See `RoundOptions`. */
  readonly onServed?: OnServed | undefined;
}

/**
 * Asks the model; where that fails or is late, a second one, if there is one; and once more where that may help and the
 * caller can wait for it.
 */
export class RoundOpener {
  readonly #options: RoundOpenerOptions;

  constructor(options: RoundOpenerOptions) {
    this.#options = options;
  }

  /** @throws what the client throws (see `toModelError`), or a DependencyError */
  async open(wanted: Omit<WantedRequest, 'model'>, waits: TurnWaits): Promise<ModelRound> {
    const { models, clock, log } = this.#options;
    let failure: unknown;
    for (;;) {
      try {
        return await firstAnswer({
          providers: models,
          clock,
          ask: (provider, signal) => this.#ask(provider, wanted, waits.until(signal)),
          abandon: (round) => round.close(),
          judge: verdictOn,
          away: () => failure ?? this.#away(),
        });
      } catch (thrown) {
        const waitMs = failure === undefined ? retryWaitMs(thrown, clock.wallMs()) : undefined;
        if (waitMs === undefined) throw thrown;
        failure = thrown;
        log.warn({ waitMs, ...providerReason(thrown) }, 'the model is asked again');
        await waits.for(new Promise<void>((resolve) => clock.after(waitMs, resolve)), waitMs + 1000, modelSilent);
      }
    }
  }

  /** Nobody is asked; for the caller it is a request that failed. */
  #away(): Error {
    const { models, clock, onServed } = this.#options;
    const [{ name: provider, service }] = models.all;
    const error = modelAway();
    const at = { startedAtMs: clock.now(), endedAtMs: clock.now() };
    onServed?.({ service: 'chat-model', model: service.deployment, provider, ...at, error: error.code });
    return error;
  }

  async #ask(
    { name: provider, service: { client, deployment, traits } }: Provider<ModelService>,
    wanted: Omit<WantedRequest, 'model'>,
    waits: TurnWaits,
  ): Promise<ModelRound> {
    const { clock, log, limits, omit, onUsed, onServed } = this.#options;
    for (;;) {
      const request = traits.shape({ ...wanted, model: deployment }, omit);
      try {
        return await ModelRound.open({
          ...{ client, request, waits, limits, clock, provider, onServed },
          onUsed: onUsed && ((tokens) => onUsed(deployment, tokens)),
        });
      } catch (thrown) {
        const parameter = traits.learn(thrown, request);
        if (!parameter) throw thrown;
        log.warn({ parameter, ...providerReason(thrown) }, 'the model does not take a parameter: asked without it');
      }
    }
  }
}

/** A request that is refused for what it says would be refused everywhere. */
function verdictOn(thrown: unknown): Verdict {
  if (thrown instanceof TurnAborted) return { blame: 'nobody' };
  const { code } = toModelError(thrown);
  const isOurs = ['model.rejected', 'model.filtered', 'model.endless', 'model.overran'].includes(code);
  return { blame: isOurs ? 'nobody' : 'provider', code };
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
