import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { Logger } from '../shared/log.ts';
import { parseJson, readBody, sendError, sendJson } from './json-http.ts';
import { addressOf } from './local-door.ts';
import { PLACE_NAMES, type Place, placeAt } from './places.ts';
import type { EmulatedService } from './server.ts';
import { refuseUpgrade } from './socket-door.ts';

const MAX_BODY_BYTES = 10_000;
/** Longer than anybody waits. */
const SLOW_MS = 30_000;

const service = z.enum(PLACE_NAMES);

/**
 * `wrong_key`: the service does not take the key or identity that it took before. `wrong_name`: what is asked for is not
 * there, or is somebody else's. `down`: connections break. `slow`: each answer comes half a minute late.
 */
const outage = z.enum(['none', 'wrong_key', 'wrong_name', 'throttled', 'down', 'slow']);
type Outage = z.output<typeof outage>;

const orders = z.partialRecord(service, outage);

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const ORDERED = 'As POST /emulator/outages wants.';
const REFUSALS: Readonly<Partial<Record<Outage, Refusal>>> = {
  wrong_key: { status: 401, code: '401', message: ORDERED },
  wrong_name: { status: 404, code: 'NotFound', message: ORDERED },
  throttled: { status: 429, code: '429', message: ORDERED },
};

/**
 * Services that fail until they are told to work again: `POST /emulator/outages` with `{"openai": "wrong_key"}`, and
 * `none` to end it. A GET tells what is ordered. Connections that are open stay so.
 */
export class Outages implements EmulatedService {
  readonly #services: readonly EmulatedService[];
  readonly #log: Logger;
  readonly #orders = new Map<Place, Outage>();

  constructor(services: readonly EmulatedService[], log: Logger) {
    this.#services = services;
    this.#log = log;
  }

  order(wanted: z.output<typeof orders>): void {
    for (const [name, kind] of Object.entries(wanted)) this.#orders.set(service.parse(name), kind);
    this.#log.warn({ outages: Object.fromEntries(this.#orders) }, 'outages were ordered');
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { pathname } = addressOf(request);
    if (pathname === '/emulator/outages') {
      this.#answer(request, response).catch(() => response.destroy());
      return true;
    }
    const pass = () => this.#services.some((each) => each.handle?.(request, response));
    const kind = this.#outageAt(pathname);
    const refusal = refusalOf(pathname, kind);
    if (refusal) sendError(response, refusal.status, refusal.code, refusal.message);
    else if (kind === 'down') request.socket.destroy();
    else if (kind === 'slow') this.#later(request.socket, pass);
    else return pass();
    return true;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const pass = () => this.#services.some((each) => each.handleUpgrade?.(request, socket, head));
    const { pathname } = addressOf(request);
    const kind = this.#outageAt(pathname);
    const refusal = refusalOf(pathname, kind);
    if (refusal) refuseUpgrade(socket, refusal.status, refusal.code, refusal.message);
    else if (kind === 'down') socket.destroy();
    else if (kind === 'slow') this.#later(socket, pass);
    else return pass();
    return true;
  }

  #outageAt(path: string): Outage {
    const name = placeAt(path);
    return (name && this.#orders.get(name)) ?? 'none';
  }

  #later(socket: Duplex, pass: () => boolean): void {
    const cancel = () => clearTimeout(timer);
    const timer = setTimeout(() => {
      socket.off('close', cancel);
      void pass();
    }, SLOW_MS).unref();
    socket.once('close', cancel);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST') {
      const wanted = orders.safeParse(parseJson(await readBody(request, MAX_BODY_BYTES)));
      if (!wanted.success) {
        sendError(response, 400, 'BadRequest', `Send {"openai": "wrong_key"}. ${z.prettifyError(wanted.error)}`);
        return;
      }
      this.order(wanted.data);
    }
    sendJson(response, 200, Object.fromEntries(this.#orders));
  }
}

/** ACS knows whose key it is, but no names: a request that was meant for another resource is not signed for this one. */
function refusalOf(path: string, kind: Outage): Refusal | undefined {
  return REFUSALS[kind === 'wrong_name' && placeAt(path) === 'acs' ? 'wrong_key' : kind];
}
