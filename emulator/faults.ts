import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Logger } from '../shared/log.ts';
import { ACS_OPERATIONS } from './acs/operation-names.ts';
import { parseJson, readBody, sendError, sendJson } from './json-http.ts';
import { addressOf } from './local-door.ts';
import type { EmulatedService } from './server.ts';

const MAX_BODY_BYTES = 10_000;

const count = z.number().int().min(0).max(1_000);
const happens = z.strictObject({ times: count });
const operation = z.enum(ACS_OPERATIONS, {
  error: ({ input }) => `ACS has no operation ${JSON.stringify(input)} here: it is one of ${ACS_OPERATIONS.join(', ')}`,
});
const takes = happens.extend({ ms: z.number().int().min(1).max(600_000) });

/** What can be made to fail, each so many times. Those of `realtime` are of Azure OpenAI Realtime and of Voice Live. */
const faults = z.strictObject({
  /** A request for a token of an identity is answered with 503. */
  'identity.refuse': happens,
  /** A request to hang up or terminate a call is answered with 503. */
  'acs.hangup': z.strictObject({ refuse: count }),
  /** An operation of Call Automation is refused, such as `transferToParticipant`; any, where none is named. */
  'acs.refuse': happens.extend({
    operation: operation.optional(),
    status: z.number().int().min(400).max(599).default(503),
    code: z.string().max(100).default('ServiceUnavailable'),
  }),
  /** What an operation sets going happens so long before its answer: an event comes before the answer does. */
  'acs.early': happens.extend({
    operation: operation.optional(),
    ms: z.number().int().min(1).max(60_000).default(300),
  }),
  /**
   * An event of a call, such as `CallConnected`, or whichever comes next, is lost, comes twice as the same, comes late, or
   * after the one behind it (or after `ms`, where none follows).
   */
  'acs.event': happens.extend({
    type: z.string().max(100).optional(),
    how: z.enum(['drop', 'double', 'delay', 'swap']),
    ms: z.number().int().min(1).max(600_000).default(1_000),
  }),
  /** That a media socket broke is noticed only so much later: until then it counts as open, and takes a stop. */
  'acs.media_loss': takes,
  /** A recording that was asked for does not begin: its storage cannot be written to. */
  'acs.recording': happens,
  /** A socket is not opened: throttled (429), forbidden (403), or out of order. */
  'realtime.refuse': happens.extend({ status: z.number().int().min(400).max(599).default(503) }),
  /** The connection breaks: `now` all that there are, else each in an answer. */
  'realtime.drop': happens.extend({
    when: z.enum(['now', 'before_answer', 'in_answer', 'in_tool_call']).default('in_answer'),
  }),
  /** An answer fails with an `error` event before it. */
  'realtime.error': happens.extend({ code: z.string().max(100).default('server_error') }),
  /** An answer fails, as the limit of the deployment is reached. */
  'realtime.throttle': happens,
  /** A session lives only so long. */
  'realtime.expire': takes,
  /** An answer begins only after so long. */
  'realtime.slow': takes,
  /** An answer has words and no sound. */
  'realtime.mute': happens,
  /** An answer is begun and never goes on. */
  'realtime.hang': happens,
  /** Sound of a cancelled answer comes after its end. */
  'realtime.stray': happens,
  /** A caller's words cannot be transcribed. */
  'realtime.deaf': happens,
  /** An empty transcript comes after one that had words. */
  'realtime.blank': happens,
  /** Voice Live warns of something in an answer. */
  'realtime.warn': happens,
  /** The service calls a tool of an MCP server of the session, and says nothing; or gives the call to the client. */
  'realtime.mcp': happens.extend({ as: z.enum(['mcp_call', 'function_call']).default('mcp_call') }),
  /** `session.updated` shows the session as it was. */
  'realtime.echo': happens,
  /** An intake of telemetry refuses what it is sent: throttled (429), the day's quota is used up (402), out of order. */
  'telemetry.refuse': happens.extend({ status: z.number().int().min(400).max(599).default(500) }),
  /** Application Insights takes every second item of what it is sent (206), and says of the others why not. */
  'telemetry.partial': happens.extend({ status: z.number().int().min(400).max(599).default(429) }),
  /** An intake of telemetry keeps what it is sent, and answers only after so long. */
  'telemetry.stall': takes,
});

const orders = faults.partial();
type Orders = z.output<typeof faults>;
export type FaultName = keyof Orders;
const NAMES = faults.keyof().options;

/**
 * Faults to order, for tests of what the application does about them: `POST /emulator/faults` with
 * `{"acs.hangup": {"refuse": 5}}` has the next five of these requests refused, retries of the SDK counted one by one.
 * The answer, as that of a GET, tells what is still to come.
 */
export class Faults implements EmulatedService {
  readonly #log: Logger;
  readonly #orders: { [Name in FaultName]?: { readonly fault: Orders[Name]; left: number } } = {};
  readonly #watchers: (() => void)[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** The fault that is to happen now, where one was ordered and `fits`. Counts it. */
  take<Name extends FaultName>(
    name: Name,
    fits: (fault: Orders[Name]) => boolean = () => true,
  ): Orders[Name] | undefined {
    const order = this.#orders[name];
    if (order === undefined || order.left === 0 || !fits(order.fault)) return undefined;
    order.left -= 1;
    return order.fault;
  }

  /** Runs `task` whenever something was ordered: some faults happen at once. */
  watch(task: () => void): void {
    this.#watchers.push(task);
  }

  /** @throws {z.ZodError} for a fault that does not exist */
  order(wanted: z.input<typeof orders>): void {
    const parsed = orders.parse(wanted);
    for (const name of NAMES) this.#set(name, parsed[name]);
    for (const task of this.#watchers) task();
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (addressOf(request).pathname !== '/emulator/faults') return false;
    if (request.method === 'GET') this.#describe(response);
    else if (request.method === 'POST') this.#answer(request, response).catch(() => response.destroy());
    else return false;
    return true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wanted = orders.safeParse(parseJson(await readBody(request, MAX_BODY_BYTES)));
    if (!wanted.success) {
      const message = `Send {"acs.hangup": {"refuse": 5}}. ${z.prettifyError(wanted.error)}`;
      sendError(response, 400, 'BadRequest', message);
      return;
    }
    this.order(wanted.data);
    this.#describe(response);
  }

  #set<Name extends FaultName>(name: Name, fault: Orders[Name] | undefined): void {
    if (fault === undefined) return;
    const kept: { [Key in Name]?: { readonly fault: Orders[Key]; left: number } } = this.#orders;
    kept[name] = { fault, left: 'refuse' in fault ? fault.refuse : fault.times };
    this.#log.warn({ fault: name, order: fault }, 'a fault was ordered');
  }

  #describe(response: ServerResponse): void {
    const left = Object.entries(this.#orders).map(([name, { fault, left }]) => [
      name,
      { ...fault, ['refuse' in fault ? 'refuse' : 'times']: left },
    ]);
    sendJson(response, 200, { 'acs.hangup': { refuse: 0 }, ...Object.fromEntries(left) });
  }
}
