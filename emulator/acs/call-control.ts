import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { parseJson, readBody, sendError, sendJson } from '../json-http.ts';
import { addressOf } from '../local-door.ts';
import { phoneNumber } from '../phone/phone-line.ts';
import type { PhoneNetwork } from '../phone/phone-network.ts';
import { phoneScript } from '../phone/phone-scripts.ts';
import type { EmulatedService } from '../server.ts';
import { wireState } from './call-state.ts';
import { eventData } from './event-data.ts';
import type { Exchange } from './exchange.ts';

/** A clip of some minutes fits. */
const MAX_BODY_BYTES = 10_000_000;
const EVENTS = /^\/emulator\/calls\/([^/]+)\/events$/;

const wantedEvent = z.strictObject({
  /** Without its prefix; also one that the service does not know. */
  type: z.string().regex(/^[A-Za-z]{1,100}$/),
  /** In place of what an event of its kind usually says, field by field. */
  data: z.record(z.string(), z.unknown()).default({}),
  /** Its own, where none is given. */
  id: z.string().min(1).max(256).optional(),
  times: z.int().min(1).max(100).default(1),
  delay_ms: z.int().min(0).max(600_000).default(0),
});
const wantedEvents = z.union([wantedEvent.transform((event) => [event]), z.array(wantedEvent).min(1).max(1_000)]);

const wantedPhone = z.strictObject({ number: phoneNumber, script: phoneScript });

/**
 * What tests of an application may do to calls, and no service offers: `POST /emulator/calls/{id}/events` sends events of
 * any kind to a call's callback, in this order, late and more than once, also after its end; `POST /emulator/phones` makes
 * a phone that plays a script. `GET /emulator/calls` lists the calls. What goes wrong with events of operations is ordered
 * by `POST /emulator/faults`.
 */
export class CallControl implements EmulatedService {
  readonly #exchange: Exchange;
  readonly #network: PhoneNetwork;

  constructor(exchange: Exchange, network: PhoneNetwork) {
    this.#exchange = exchange;
    this.#network = network;
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = addressOf(request).pathname;
    const callConnectionId = EVENTS.exec(path)?.[1];
    if (request.method === 'GET' && path === '/emulator/calls') this.#list(response);
    else if (request.method !== 'POST') return false;
    else if (callConnectionId !== undefined)
      this.#send(request, response, callConnectionId).catch(() => response.destroy());
    else if (path === '/emulator/phones') this.#script(request, response).catch(() => response.destroy());
    else return false;
    return true;
  }

  #list(response: ServerResponse): void {
    const calls = [...this.#exchange.calls.values()].map((call) => ({
      ...call.ids,
      state: wireState(call.state),
      participants: call.participants.all,
    }));
    sendJson(response, 200, { calls });
  }

  async #send(request: IncomingMessage, response: ServerResponse, callConnectionId: string): Promise<void> {
    const wanted = await read(request, response, wantedEvents, 'Send {"type": "CallConnected"}, or an array of such.');
    const callbacks = this.#exchange.callbacksOf(callConnectionId);
    if (!wanted) return;
    if (!callbacks) return sendError(response, 404, '8522', 'Call not found.');
    const events = wanted.map(({ type, data, id, times, delay_ms: delayMs }) => ({
      type,
      id: callbacks.send(type, { ...eventData(type), ...data }, { id, times, delayMs }),
    }));
    sendJson(response, 202, { events });
  }

  async #script(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hint = 'Send {"number": "+15550107777", "script": {"says": "Hello."}}.';
    const wanted = await read(request, response, wantedPhone, hint);
    if (!wanted) return;
    this.#network.play(wanted.number, wanted.script);
    sendJson(response, 200, { number: wanted.number });
  }
}

/** What a body says; nothing where it does not fit and was answered. */
async function read<Schema extends z.ZodType>(
  request: IncomingMessage,
  response: ServerResponse,
  schema: Schema,
  hint: string,
): Promise<z.output<Schema> | undefined> {
  const parsed = schema.safeParse(parseJson(await readBody(request, MAX_BODY_BYTES)));
  if (parsed.success) return parsed.data;
  sendError(response, 400, 'BadRequest', `${hint} ${z.prettifyError(parsed.error)}`);
  return undefined;
}
