import type { Caller } from '../../shared/auth/api-door.ts';
import { DEFAULT_RING_S, type TransferWish } from '../../shared/calls/call-wish.ts';
import { hold, unhold } from '../../shared/calls/operations/hold.ts';
import type { OperationOf, OperationPorts } from '../../shared/calls/operations/operate.ts';
import { addParticipant, participantThere, removeParticipant } from '../../shared/calls/operations/participants.ts';
import { changeRecording, enterRecording, recordingRunning } from '../../shared/calls/operations/recording.ts';
import { recordingStateOf } from '../../shared/calls/operations/recording-state.ts';
import {
  beginWarmTransfer,
  openTransfer,
  transferBlind,
  transferRunning,
} from '../../shared/calls/operations/transfer.ts';
import { aboutSomebody, absent, isSame, isThere } from '../../shared/calls/operations/who-is-there.ts';
import { callerOf, hasOthers, ourNumberOf } from '../../shared/calls/parties.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { RouteContract } from '../../shared/http/route.ts';
import { terminateCall } from '../../shared/http/routes/call-ends.ts';
import * as routes from '../../shared/http/routes/call-operations.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { Parts } from '../composition.ts';
import { functionRoute, type Route } from '../http/route.ts';
import { findSession } from './find-session.ts';
import { hangUpById } from './hangup.ts';
import {
  requireGoingOn,
  requireNoPartInTransfer,
  requireNoTransfer,
  requireNotice,
  requireOffHold,
  requireVoice,
} from './what-may-be-done.ts';

/** What is done with a call that stands. What needs somebody who talks on it is handed to the host that does. */

interface StandingCall {
  readonly session: Session;
  readonly callId: string;
}

/**
 * @throws {NotFoundError} `calls.not-found`, `call.ended`
 * @throws {ParleyError} `calls.no-phone-call`, `calls.not-established`
 */
export async function standingCall(id: string, { store, traces }: Parts): Promise<StandingCall> {
  const session = await findSession(store, id);
  traces.belongsTo(session.id);
  const { channel, status, callConnectionId } = session;
  if (channel !== 'phone')
    throw new ParleyError('calls.no-phone-call', 'This session is a browser’s, and no phone call.');
  requireGoingOn(session);
  if (callConnectionId === undefined || status !== 'connected') {
    throw new ParleyError('calls.not-established', 'The call is being set up; ask again in a moment.');
  }
  return { session, callId: callConnectionId };
}

/** Our number in the call, by which others are called. */
const sourceOf = (session: Session, { config }: Parts): PartyId | undefined =>
  ourNumberOf(session) ?? config.ACS_SOURCE_NUMBER;

export const portsOf = ({ calls, ledger, traces }: Parts): OperationPorts => ({
  carrier: calls,
  ledger,
  traces,
});

/**
 * Does one thing with a call, under a new name. With an `Idempotency-Key` a repeated request gets the first one's answer.
 */
export async function operation(
  { callId, session }: StandingCall,
  parts: Parts,
  log: Logger,
  work: (of: OperationOf) => Promise<unknown>,
  once?: {
    readonly route: RouteContract;
    readonly key: string | undefined;
    readonly caller: Caller;
    readonly body: unknown;
  },
) {
  const answer = async () => {
    const of: OperationOf = { sessionId: session.id, callId, operationContext: parts.newId(), askedBy: 'api' };
    await work(of);
    log.info({ session: session.id, call: callId, operation: of.operationContext }, 'something is done with a call');
    return { operation_id: of.operationContext, call_id: callId, session_id: session.id, status: 'accepted' as const };
  };
  if (once?.key === undefined) return { status: 202 as const, body: await answer() };
  const { route, key, caller, body } = once;
  const name = `${route.name}:${session.id}:${caller.id}:${key}`;
  const done = await parts.once.run(name, JSON.stringify(body), log, answer);
  return { status: 202 as const, body: routes.transferCall.answers[202].parse(done.answer) };
}

const transfer = functionRoute(routes.transferCall, async ({ params, body, headers }, parts, log, caller) => {
  const call = await standingCall(params.id, parts);
  const { id } = call.session;
  const wish: TransferWish = {
    kind: 'transfer',
    target: body.target,
    how: body.kind,
    timeoutS: body.timeout_s ?? DEFAULT_RING_S,
    ...(body.context && { summary: body.context }),
  };
  const once = { route: routes.transferCall, key: headers['idempotency-key'], caller, body };
  const work = async (of: OperationOf) => {
    if (wish.how === 'warm') requireVoice(call.session);
    const operations = await parts.ledger.list(id);
    requireNoTransfer(operations);
    const source = sourceOf(call.session, parts);
    // Whoever talks on the call carries a warm one out, and waits with the caller for a blind one.
    const order = { type: 'wish', operationContext: of.operationContext, wish } as const;
    if (wish.how === 'warm') return beginWarmTransfer(portsOf(parts), of, wish, order);
    const transferee = hasOthers(operations) ? callerOf(call.session) : undefined;
    await transferBlind(portsOf(parts), of, wish, { source, transferee });
    return parts.store.command(id, order);
  };
  return operation(call, parts, log, work, once);
});

const add = functionRoute(routes.addParticipant, async ({ params, body, headers }, parts, log, caller) => {
  const call = await standingCall(params.id, parts);
  const added = { target: body.target, ringS: body.timeout_s, source: sourceOf(call.session, parts) };
  const once = { route: routes.addParticipant, key: headers['idempotency-key'], caller, body };
  const work = async (of: OperationOf) => {
    // Whoever is being rung in a transfer is not rung twice.
    const transfer = openTransfer(await parts.ledger.list(of.sessionId));
    if (transfer?.data.target === body.target) throw participantThere();
    // He would be alone with us where it succeeds.
    if (transfer?.data.how === 'blind') throw transferRunning();
    return addParticipant(portsOf(parts), of, added);
  };
  return operation(call, parts, log, work, once);
});

const list = functionRoute(routes.listParticipants, async ({ params }, parts) => {
  const { callId } = await standingCall(params.id, parts);
  const participants = await parts.calls.participants(callId);
  return {
    status: 200,
    body: { participants: participants.map(({ id, muted, onHold }) => ({ id, muted, on_hold: onHold })) },
  };
});

const remove = functionRoute(routes.removeParticipant, async ({ params }, parts, log) => {
  const call = await standingCall(params.id, parts);
  const { participant } = params;
  return operation(call, parts, log, async (of) => {
    // ACS takes the request, and says so later.
    if ((await isThere(parts.calls, call.callId, participant)) === false) throw absent();
    return removeParticipant(portsOf(parts), of, participant);
  });
});

const mute = functionRoute(routes.muteParticipant, async ({ params }, parts, log) => {
  const { callId, session } = await standingCall(params.id, parts);
  const { participant } = params;
  await aboutSomebody(parts.calls, callId, participant, () => parts.calls.mute(callId, participant, parts.newId()));
  log.info({ session: session.id, call: callId }, 'a participant was muted');
  return { status: 200, body: { participant, muted: true as const } };
});

/** The host that talks on the call must know, where it is its caller. */
const heldOrNot = (route: typeof routes.holdCall | typeof routes.unholdCall, done: typeof hold) =>
  functionRoute(route, async ({ params, body }, parts, log) => {
    const call = await standingCall(params.id, parts);
    const caller = callerOf(call.session);
    // By whichever name: whoever talks with him must know that it is he.
    const asked = body.participant ?? caller;
    const participant = isSame(asked, caller) ? caller : asked;
    return operation(call, parts, log, async (of) => {
      requireNoPartInTransfer(await parts.ledger.list(call.session.id), participant, caller);
      const { operationContext } = of;
      return done(portsOf(parts), of, participant, {
        type: 'operation',
        operationContext,
        succeeded: true,
        reason: '',
      });
    });
  });

const record = functionRoute(routes.recordCall, async ({ params, body: { action } }, parts, log) => {
  const call = await standingCall(params.id, parts);
  const { id } = call.session;
  return operation(call, parts, log, async (of) => {
    const { operationContext } = of;
    if (action !== 'start') {
      const order = { type: 'operation', operationContext, succeeded: true, reason: action } as const;
      const takenBack = await changeRecording(portsOf(parts), of, action, order);
      const stopped = { ...order, operationContext: takenBack ?? '', succeeded: false };
      return takenBack && parts.store.command(id, stopped);
    }
    requireNotice(call.session);
    const operations = await parts.ledger.list(id);
    if (recordingStateOf(operations).is !== 'off') throw recordingRunning();
    requireNoTransfer(operations);
    requireOffHold(operations, callerOf(call.session));
    // Whoever talks on the call tells everybody first.
    return enterRecording(portsOf(parts), of, { type: 'wish', operationContext, wish: { kind: 'record' } });
  });
});

const terminate = functionRoute(terminateCall, ({ body }, parts, log) => hangUpById(body.call_id, parts, log));

export const operationRoutes: readonly Route[] = [
  transfer,
  add,
  list,
  remove,
  mute,
  heldOrNot(routes.holdCall, hold),
  heldOrNot(routes.unholdCall, unhold),
  record,
  terminate,
];
