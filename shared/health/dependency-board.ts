import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import { type Complaint, Dependency, type DependencyReport, type DependencySpec, type Rhythm } from './dependency.ts';

export interface DependencyBoardOptions {
  readonly dependencies: readonly DependencySpec[];
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests, which cannot wait for half a minute. */
  readonly rhythm?: Partial<Rhythm> | undefined;
  /** Told after each check. */
  readonly onFinding?: ((dependency: Dependency) => void) | undefined;
}

/**
 * Everything that a process needs of others, and whether it may be called ready. Until each service has answered once it
 * is not; nor while one refuses it. Once it was, no service takes that away: what is down or has turned us out degrades
 * the process, and another one in its place would fare no better.
 */
export class DependencyBoard {
  readonly #dependencies: readonly Dependency[];
  readonly #first = Promise.withResolvers<void>();
  #admitted = false;

  constructor({ dependencies, onFinding, ...options }: DependencyBoardOptions) {
    this.#dependencies = dependencies.map((spec) => {
      const dependency: Dependency = new Dependency(spec, options, () => {
        this.#judge();
        onFinding?.(dependency);
      });
      return dependency;
    });
    this.#judge();
  }

  /** Resolves when each service has answered once, or has been given up once. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Each service has answered, and none has refused this process before all others took it. */
  get admitted(): boolean {
    return this.#admitted;
  }

  /** Each service has answered, or was given up, at least once. */
  get isKnown(): boolean {
    return this.#dependencies.every(({ isKnown }) => isKnown);
  }

  /** One of the services is known not to take us now, or nothing is known of it. */
  get degraded(): boolean {
    return this.#dependencies.some(({ state }) => state !== 'accepted' && state !== 'not configured');
  }

  /** What is wrong with each that is not as it should be. */
  get complaints(): Complaint[] {
    return this.#dependencies.flatMap(({ complaint }) => complaint ?? []);
  }

  /** What keeps this process from being {@link admitted}. */
  get objections(): Complaint[] {
    if (this.#admitted) return [];
    const objecting = this.#dependencies.filter(({ holds, isKnown }) => holds || !isKnown);
    return objecting.flatMap(({ complaint }) => complaint ?? []);
  }

  find(name: string): Dependency | undefined {
    return this.#dependencies.find((dependency) => dependency.name === name);
  }

  /** What is known now. */
  reports(): DependencyReport[] {
    return this.#dependencies.map((dependency) => dependency.report());
  }

  start(): void {
    for (const dependency of this.#dependencies) dependency.start();
  }

  /** Idempotent. */
  close(): void {
    for (const dependency of this.#dependencies) dependency.close();
    this.#first.resolve();
  }

  #judge(): void {
    if (!this.isKnown) return;
    this.#first.resolve();
    this.#admitted ||= !this.#dependencies.some(({ holds }) => holds);
  }
}
