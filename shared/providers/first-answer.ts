import type { Clock } from '../clock.ts';
import type { ErrorCode } from '../error-codes.ts';
import type { Attempt } from './breaker.ts';
import type { Provider, Providers } from './provider.ts';

/**
 * What a failure says. `provider`: it does not work. `elsewhere`: it does, and cannot do this; another may. `nobody`: no
 * other provider would do better.
 */
export type Blame = 'provider' | 'elsewhere' | 'nobody';

export interface Verdict {
  readonly blame: Blame;
  /** By which it is told. */
  readonly code?: ErrorCode | undefined;
}

export interface FirstAnswerOptions<Service, Answer> {
  readonly providers: Providers<Service>;
  readonly clock: Clock;
  /**
   * Asks, and resolves with the first sign of an answer. Aborted where another one's answer has come first: with
   * {@link TooLate} as the reason where this one had been asked before.
   */
  readonly ask: (provider: Provider<Service>, signal: AbortSignal) => Promise<Answer>;
  /** An answer that came too late. */
  readonly abandon: (answer: Answer) => void;
  readonly judge: (failure: unknown) => Verdict;
  /** What is thrown where nobody is to be asked now. */
  readonly away: () => unknown;
}

/** Why a request is broken off that kept the caller waiting for longer than the one after it. */
export class TooLate extends Error {}

interface Asked<Service> {
  readonly provider: Provider<Service>;
  readonly attempt: Attempt;
  readonly abort: AbortController;
}

/**
 * The answer that begins first. The first provider is asked; where it fails, the next one at once; where it is late, the
 * next one beside it. An answer that is never late costs one request.
 * @throws what the first provider failed with, or what `away` makes
 */
export async function firstAnswer<Service, Answer>(options: FirstAnswerOptions<Service, Answer>): Promise<Answer> {
  const { providers, clock, ask, abandon, judge, away } = options;
  const outcome = Promise.withResolvers<Answer>();
  const tried = new Set<Provider<Service>>();
  const waiting = new Set<Asked<Service>>();
  let isOver = false;
  let failures: readonly unknown[] = [];

  /** @param winner undefined: nobody has answered, and nobody else shall */
  const end = (winner: Asked<Service> | undefined) => {
    isOver = true;
    if (winner) waiting.delete(winner);
    const order = [...tried];
    const winnerAt = winner ? order.indexOf(winner.provider) : -1;
    for (const { provider, attempt, abort } of waiting) {
      // Whoever was asked before and has said nothing yet would have kept the caller waiting.
      const isLate = order.indexOf(provider) < winnerAt;
      if (isLate) attempt.failed(undefined);
      else attempt.dropped();
      abort.abort(isLate ? new TooLate() : undefined);
    }
    waiting.clear();
  };

  const askNext = (before: Provider<Service> | undefined, code?: ErrorCode) => {
    const entered = isOver ? undefined : providers.enter(tried);
    if (!entered) {
      if (!isOver && waiting.size === 0) outcome.reject(failures.length > 0 ? failures[0] : away());
      return;
    }
    const { provider, attempt } = entered;
    const asked: Asked<Service> = { ...entered, abort: new AbortController() };
    if (before) providers.switched(before, provider, code);
    tried.add(provider);
    waiting.add(asked);
    const askedMs = clock.now();
    const isLast = tried.size === providers.all.length;
    const cancel = isLast ? () => {} : clock.after(provider.patienceMs, () => askNext(provider));
    ask(provider, asked.abort.signal)
      .then(
        (answer) => {
          attempt.worked();
          if (isOver) return abandon(answer);
          provider.took(clock.now() - askedMs);
          end(asked);
          outcome.resolve(answer);
        },
        (failure: unknown) => {
          if (isOver) return;
          waiting.delete(asked);
          const verdict = judge(failure);
          if (verdict.blame === 'provider') attempt.failed(verdict.code);
          else attempt.dropped();
          if (verdict.blame === 'nobody') {
            end(undefined);
            outcome.reject(failure);
            return;
          }
          failures = [...failures, failure];
          askNext(provider, verdict.code);
        },
      )
      .finally(cancel);
  };

  askNext(undefined);
  return outcome.promise;
}
