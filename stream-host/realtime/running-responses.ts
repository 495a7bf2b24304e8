import type { Cancel } from '../../shared/clock.ts';

/** One response of the service, from `response.created` to `response.done`. */
export interface RunningResponse {
  readonly id: string;
  /** It is no part of the conversation. */
  readonly aside: boolean;
  /** What comes of it is dropped. */
  cancelled: boolean;
  cancelWatch: Cancel;
  /** Tool calls that were handed on, by their id. */
  readonly calls: Set<string>;
  /** Its items that have audio. */
  readonly spoken: Set<string>;
  /** Names of calls, by the id of their item. */
  readonly names: Map<string, string>;
  /** Tools that the service runs itself, by the id of their item, and whether they have ended. */
  readonly serviceTools: Map<string, boolean>;
  /** Something was said since the last of them ended. */
  spoke: boolean;
}

/** The responses that run, and those whose own tools still do: a service may go on with these after the response's end. */
export class RunningResponses {
  readonly #running = new Map<string, RunningResponse>();
  /** Of responses that have ended with tools of the service under way. */
  readonly #unended = new Set<string>();

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  get all(): RunningResponse[] {
    return [...this.#running.values()];
  }

  begin(id: string, aside: boolean): RunningResponse {
    const response = {
      id,
      aside,
      cancelled: false,
      cancelWatch: () => undefined,
      calls: new Set<string>(),
      spoken: new Set<string>(),
      names: new Map<string, string>(),
      serviceTools: new Map<string, boolean>(),
      spoke: false,
    };
    this.#running.set(id, response);
    return response;
  }

  /** One that runs; undefined also where nobody wants it any more. */
  wanted(id: string): RunningResponse | undefined {
    const response = this.#running.get(id);
    return response?.cancelled ? undefined : response;
  }

  end(id: string): RunningResponse | undefined {
    const response = this.#running.get(id);
    this.#running.delete(id);
    response?.cancelWatch();
    if (!response || response.cancelled) return response;
    for (const [item, ended] of response.serviceTools) if (!ended) this.#unended.add(item);
    return response;
  }

  /** The running response that has a tool of the service's by that item, and the tool's name. */
  withServiceTool(itemId: string): { readonly response: RunningResponse; readonly name: string } | undefined {
    for (const response of this.#running.values()) {
      const name = response.names.get(itemId);
      if (name !== undefined) return { response, name };
    }
    return undefined;
  }

  /** A tool of the service's has ended. @returns whether it was the last one of a response that has ended */
  serviceToolEnded(itemId: string): boolean {
    for (const response of this.#running.values()) {
      if (!response.serviceTools.has(itemId)) continue;
      response.serviceTools.set(itemId, true);
      response.spoke = false;
    }
    return this.#unended.delete(itemId) && this.#unended.size === 0;
  }

  /** Nobody waits any more for the tools of responses that have ended. */
  forgetTools(): void {
    this.#unended.clear();
  }

  /** Whether tools of responses that have ended still run. */
  get awaitsServiceTools(): boolean {
    return this.#unended.size > 0;
  }

  clear(): void {
    for (const { cancelWatch } of this.#running.values()) cancelWatch();
    this.#running.clear();
    this.#unended.clear();
  }
}
