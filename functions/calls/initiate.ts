import { randomUUID } from 'node:crypto';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { z } from 'zod';
import type { CallIds } from '../../shared/call-control/call-control.ts';
import { DependencyError, messageOf, ParleyError, RequestError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Parts } from '../composition.ts';
import { readJson, validate } from '../http/request-body.ts';
import type { Route } from '../http/route.ts';
import { capacityOf } from './capacity.ts';

const phoneNumber = z.string().regex(/^\+[1-9]\d{1,14}$/, 'must be a number in E.164, such as +15551230000');

const initiateRequest = z.object({
  target_number: phoneNumber,
  /** The number that the callee sees: one that the ACS resource owns. */
  caller_id: phoneNumber.exactOptional(),
  context: z.record(z.string(), z.unknown()).default({}),
});
type InitiateRequest = z.infer<typeof initiateRequest>;

const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 printable characters');

/** `POST calls/initiate`: places a call. With an `Idempotency-Key`, a repeated request gets the first one's answer. */
export const initiateRoute: Route = {
  name: 'calls-initiate',
  methods: ['POST'],
  path: 'calls/initiate',
  access: 'function',
  handle: initiate,
};

async function initiate(request: HttpRequest, parts: Parts, log: Logger): Promise<HttpResponseInit> {
  const wanted = validate(initiateRequest, await readJson(request));
  const key = request.headers.get('idempotency-key');
  if (key === null) return { jsonBody: await placeCall(wanted, parts, log) };
  validateKey(key);
  const place = () => placeCall(wanted, parts, log);
  const { answer } = await parts.once.run(`initiate:${key}`, JSON.stringify(wanted), log, place);
  return { jsonBody: answer };
}

function validateKey(key: string): void {
  const { error } = idempotencyKey.safeParse(key);
  if (error) throw new RequestError('request.idempotency-key', `Idempotency-Key ${error.issues[0]?.message ?? ''}`);
}

async function placeCall(wanted: InitiateRequest, parts: Parts, log: Logger): Promise<Record<string, unknown>> {
  const { config, store, calls } = parts;
  const source = wanted.caller_id ?? config.ACS_SOURCE_NUMBER;
  if (source === undefined) {
    throw new ParleyError('calls.no-source-number', 'Set ACS_SOURCE_NUMBER, or give a caller_id.');
  }
  const capacity = await capacityOf(store);
  if (capacity !== 'free') {
    throw new DependencyError('capacity.exhausted', 'Nobody could take the call now. Try again later.', capacity);
  }
  // The callee may pick up, and the media socket open, before `createCall` has answered: the session is there first.
  const session = await store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'outbound',
    mode: 'media',
    agent: config.DEFAULT_AGENT,
    status: 'initiating',
    from: source,
    to: wanted.target_number,
  });
  const callLog = log.child({ session: session.id });
  await store.append(session.id, { type: 'call.initiated', source: 'functions', data: { context: wanted.context } });
  const ids = await calls.place(wanted.target_number, source, session.id).catch(async (error: unknown) => {
    // A request that got lost may have placed the call all the same. Its CallConnected then finds the session failed,
    // and the call is hung up.
    await store
      .update(session.id, () => ({ status: 'failed', endedAt: Date.now(), endReason: codeOf(error) }))
      .catch((failure: unknown) =>
        callLog.error({ reason: messageOf(failure) }, 'could not note that the call failed'),
      );
    throw error;
  });
  await noteCall(session.id, ids, parts, callLog);
  callLog.info({ call: ids.callConnectionId }, 'outbound call placed');
  return {
    call_id: ids.callConnectionId,
    status: 'initiating',
    target_number: wanted.target_number,
    message: 'Call initiated',
    session_id: session.id,
    initiated_at: new Date(session.createdAt).toISOString(),
  };
}

/** The call is placed whether or not it can be noted; the callbacks name its session, and note it too. */
async function noteCall(sessionId: string, ids: CallIds, parts: Parts, log: Logger): Promise<void> {
  await parts.store
    .bind(sessionId, ids)
    .catch((error: unknown) =>
      log.warn({ reason: messageOf(error) }, 'the call is not bound yet; a callback will do it'),
    );
}

const codeOf = (error: unknown): string => (error instanceof ParleyError ? error.code : 'internal');
