import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Logger } from '../shared/log.ts';
import { parseJson, readBody, sendError, sendJson } from './json-http.ts';
import { addressOf } from './local-door.ts';
import type { EmulatedService } from './server.ts';

const MAX_BODY_BYTES = 10_000;

const fault = z.strictObject({ refuse: z.number().int().min(0).max(1_000) });
/** What can be made to fail. `acs.hangup`: a request to hang up or terminate a call, which is then answered with 503. */
const faults = z.partialRecord(z.enum(['acs.hangup']), fault);

export type FaultName = keyof z.output<typeof faults>;

/**
 * Faults to order, for tests of what the application does about them: `POST /emulator/faults` with
 * `{"acs.hangup": {"refuse": 5}}` has the next five of these requests refused, retries of the SDK counted one by one.
 * The answer, as that of a GET, tells what is still to be refused.
 */
export class Faults implements EmulatedService {
  readonly #log: Logger;
  readonly #left = new Map<FaultName, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Whether this request is one to refuse. Counts it. */
  take(name: FaultName): boolean {
    const left = this.#left.get(name) ?? 0;
    if (left > 0) this.#left.set(name, left - 1);
    return left > 0;
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (addressOf(request).pathname !== '/emulator/faults') return false;
    if (request.method === 'GET') this.#describe(response);
    else if (request.method === 'POST') this.#order(request, response).catch(() => response.destroy());
    else return false;
    return true;
  }

  async #order(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wanted = faults.safeParse(parseJson(await readBody(request, MAX_BODY_BYTES)));
    if (!wanted.success) {
      const message = `Send {"acs.hangup": {"refuse": 5}}. ${z.prettifyError(wanted.error)}`;
      sendError(response, 400, 'BadRequest', message);
      return;
    }
    for (const name of faults.keyType.options) {
      const { refuse } = wanted.data[name] ?? {};
      if (refuse === undefined) continue;
      this.#left.set(name, refuse);
      this.#log.warn({ fault: name, refuse }, 'a fault was ordered');
    }
    this.#describe(response);
  }

  #describe(response: ServerResponse): void {
    const names = faults.keyType.options;
    sendJson(response, 200, Object.fromEntries(names.map((name) => [name, { refuse: this.#left.get(name) ?? 0 }])));
  }
}
