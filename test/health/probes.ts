import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 200;

/** What the platform asks of both halves, all the while; how long each answer took, and what it was. */
export class Probes {
  readonly #urls: readonly string[];
  #asking = true;
  #tookMs: number[] = [];
  #answers = new Map<string, Set<string>>();
  readonly #running: Promise<unknown>;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
    this.#running = Promise.all(urls.map((url) => this.#ask(url)));
  }

  /** Forgets what has been. */
  begin(): void {
    this.#tookMs = [];
    this.#answers = new Map();
  }

  read() {
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    return {
      count: sorted.length,
      p99Ms: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
      maxMs: Math.round(sorted.at(-1) ?? 0),
      answers: Object.fromEntries(
        this.#urls.map((url) => [pathOf(url), [...(this.#answers.get(url) ?? [])].join(', ')]),
      ),
    };
  }

  async close(): Promise<void> {
    this.#asking = false;
    await this.#running;
  }

  async #ask(url: string): Promise<void> {
    while (this.#asking) {
      const startMs = performance.now();
      const told = await fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
        async (response) => `${response.status} ${((await response.json()) as { status?: string }).status}`,
        (error: unknown) => `no answer (${String(error)})`,
      );
      // A process that is being started or stopped has no port.
      if (!/fetch failed/.test(told)) {
        this.#tookMs.push(performance.now() - startMs);
        this.#answers.set(url, (this.#answers.get(url) ?? new Set()).add(told));
      }
      await sleep(EVERY_MS);
    }
  }
}

const pathOf = (url: string): string => new URL(url).pathname;
