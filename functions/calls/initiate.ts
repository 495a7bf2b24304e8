import { randomUUID } from 'node:crypto';
import type { CallIds } from '../../shared/call-control/call-control.ts';
import { DependencyError, messageOf, ParleyError, RequestError } from '../../shared/errors.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { idempotencyKey, initiateCall } from '../../shared/http/routes/calls.ts';
import type { Logger } from '../../shared/log.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { capacityOf } from './capacity.ts';

type InitiateRequest = Input<typeof initiateCall>['body'];
type InitiatedCall = Answer<typeof initiateCall>['body'];

/** Places a call. With an `Idempotency-Key`, a repeated request gets the first one's answer. */
export const initiateRoute = functionRoute(initiateCall, initiate);

async function initiate(
  { body: wanted, headers }: Input<typeof initiateCall>,
  parts: Parts,
  log: Logger,
): Promise<Answer<typeof initiateCall>> {
  const key = headers['idempotency-key'];
  if (key === undefined) return { status: 200, body: await placeCall(wanted, parts, log) };
  validateKey(key);
  const place = () => placeCall(wanted, parts, log);
  const { answer } = await parts.once.run(`initiate:${key}`, JSON.stringify(wanted), log, place);
  return { status: 200, body: initiateCall.answers[200].parse(answer) };
}

function validateKey(key: string): void {
  const { error } = idempotencyKey.safeParse(key);
  if (error) throw new RequestError('request.idempotency-key', `Idempotency-Key ${error.issues[0]?.message ?? ''}`);
}

async function placeCall(wanted: InitiateRequest, parts: Parts, log: Logger): Promise<InitiatedCall> {
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
