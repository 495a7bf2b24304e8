import type { Caller } from '../../shared/auth/api-door.ts';
import { DEFAULT_RING_S, type TransferWish } from '../../shared/calls/call-wish.ts';
import { hold, unhold } from '../../shared/calls/operations/hold.ts';
import { changedBy } from '../../shared/calls/operations/newcomer.ts';
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
import { requireNobodyUntold } from '../../shared/calls/operations/untold.ts';
import { aboutSomebody, absent, isSame, isThere } from '../../shared/calls/operations/who-is-there.ts';
import { callerOf, ourNumberOf } from '../../shared/calls/parties.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { RouteContract } from '../../shared/http/route.ts';
import { terminateCall } from '../../shared/http/routes/call-ends.ts';
import * as routes from '../../shared/http/routes/call-operations.ts';
import type { Logger } from '../../shared/log.ts';
import { abilitiesOf } from '../../shared/sessions/agent-abilities.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { Parts } from '../composition.ts';
import { functionRoute, type Route } from '../http/route.ts';
import { findSession } from './find-session.ts';
import { hangUpById } from './hangup.ts';
import { ringIntoCall } from './ring-into-call.ts';
import {
  requireGoingOn,
  requireNoPartInTransfer,
  requireNoTransfer,
  requireNotice,
  requireOffHold,
  requireRecordable,
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
const standingCall = async (id: string, parts: Parts): Promise<StandingCall> => standing(await foundCall(id, parts));

async function foundCall(id: string, { store, traces }: Parts): Promise<Session> {
  const session = await findSession(store, id);
  traces.belongsTo(session.id);
  return session;
}

function standing(session: Session): StandingCall {
  const { channel, status, callConnectionId } = session;
  if (channel !== 'phone')
    throw new ParleyError('calls.no-phone-call', 'This session is a browser’s, and no phone call.');
  requireGoingOn(session);
  if (callConnectionId === undefined || status !== 'connected') {
    throw new ParleyError('calls.not-established', 'The call is being set up; ask again in a moment.');
  }
  return { session, callId: callConnectionId };
}

/** Our number in the call, by which others are called. A session of a release before this one lacks it in Teams Phone. */
const sourceOf = (session: Session, { config }: Parts): PartyId | undefined =>
  ourNumberOf(session) ?? config.ACS_SOURCE_NUMBER;

export const portsOf = ({ calls, ledger, traces }: Parts): OperationPorts => ({
  carrier: calls,
  ledger,
  traces,
});

/** A request to do something with a call. */
interface Asked {
  readonly route: RouteContract;
  /** Of the session, or of the call connection. */
  readonly id: string;
  /** `Idempotency-Key`. */
  readonly key: string | undefined;
  readonly caller: Caller;
  /** What it asks for; another one with the same key is a mistake. A digest of it is kept, so it holds no secret. */
  readonly input: unknown;
  /** The operation by which it is so already: that is answered, and nothing is done. */
  readonly standsBy?: (session: Session) => Promise<string | undefined>;
}

/**
 * Does one thing with a call that stands, under a new name. With an `Idempotency-Key` a repeated request gets the first one's
 * answer, also where the call has ended by it.
 */
export async function operation(
  { route, id, key, caller, input, standsBy }: Asked,
  parts: Parts,
  log: Logger,
  work: (of: OperationOf, call: StandingCall) => Promise<unknown>,
) {
  const session = await foundCall(id, parts);
  const answer = async () => {
    const call = standing(session);
    const { callId } = call;
    const answered = { call_id: callId, session_id: session.id, status: 'accepted' as const };
    const before = await standsBy?.(session);
    if (before !== undefined) return { operation_id: before, ...answered };
    const of: OperationOf = { sessionId: session.id, callId, operationContext: parts.newId(), askedBy: 'api' };
    await work(of, call);
    log.info({ session: session.id, call: callId, operation: of.operationContext }, 'something is done with a call');
    return { operation_id: of.operationContext, ...answered };
  };
  if (key === undefined) return { status: 202 as const, body: await answer() };
  const name = `${route.name}:${session.id}:${caller.id}:${key}`;
  const done = await parts.once.run(name, JSON.stringify(input), log, answer);
  return { status: 202 as const, body: routes.accepted.parse(done.answer) };
}

const transfer = functionRoute(routes.transferCall, ({ params, body, headers }, parts, log, caller) => {
  const wish: TransferWish = {
    kind: 'transfer',
    target: body.target,
    how: body.kind,
    timeoutS: body.timeout_s ?? DEFAULT_RING_S,
    ...(body.context && { summary: body.context }),
  };
  const asked = { route: routes.transferCall, id: params.id, key: headers['idempotency-key'], caller, input: body };
  return operation(asked, parts, log, async (of, { session }) => {
    if (wish.how === 'warm') requireVoice(session);
    requireNoTransfer(await parts.ledger.list(session.id));
    // Whoever talks on the call carries a warm one out, and waits with the caller for a blind one.
    const order = { type: 'wish', operationContext: of.operationContext, wish } as const;
    const isWarm = wish.how === 'warm';
    const parties = { source: sourceOf(session, parts), caller: callerOf(session) };
    await ringIntoCall({ target: wish.target, session, caller, endsWithOurs: isWarm }, parts, log, () =>
      isWarm ? beginWarmTransfer(portsOf(parts), of, wish, order) : transferBlind(portsOf(parts), of, wish, parties),
    );
    if (isWarm) return;
    return parts.store.command(session.id, order);
  });
});

const add = functionRoute(routes.addParticipant, ({ params, body, headers }, parts, log, caller) => {
  const asked = { route: routes.addParticipant, id: params.id, key: headers['idempotency-key'], caller, input: body };
  return operation(asked, parts, log, async (of, { session }) => {
    // Whoever is being rung in a transfer is not rung twice.
    const transfer = openTransfer(await parts.ledger.list(of.sessionId));
    if (transfer?.data.target === body.target) throw participantThere();
    // He would be alone with us where it succeeds.
    if (transfer?.data.how === 'blind') throw transferRunning();
    const { target, timeout_s: ringS } = body;
    return ringIntoCall({ target, session, caller, endsWithOurs: true }, parts, log, () =>
      addParticipant(portsOf(parts), of, { target, ringS, source: sourceOf(session, parts) }),
    );
  });
});

const list = functionRoute(routes.listParticipants, async ({ params }, parts) => {
  const { callId } = await standingCall(params.id, parts);
  const participants = await parts.calls.participants(callId);
  return {
    status: 200,
    body: {
      participants: participants.map(({ id, muted, onHold }) => ({ id: namedById(id), muted, on_hold: onHold })),
    },
  };
});

/** As he is named in requests: an extension, or one who keeps his number to himself, by the raw id. */
const namedById = (id: PartyId): PartyId => (/^$|^\+|:/.test(id) ? id : `4:${id}`);

const remove = functionRoute(routes.removeParticipant, ({ params, headers }, parts, log, caller) => {
  const { id, participant } = params;
  const asked = { route: routes.removeParticipant, id, key: headers['idempotency-key'], caller, input: participant };
  return operation(asked, parts, log, async (of) => {
    // ACS takes the request, and says so later.
    if ((await isThere(parts.calls, of.callId, participant)) === false) throw absent();
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
  functionRoute(route, ({ params, body, headers }, parts, log, client) => {
    const request = { route, id: params.id, key: headers['idempotency-key'], caller: client, input: body };
    return operation(request, parts, log, async (of, { session }) => {
      const caller = callerOf(session);
      // By whichever name: whoever talks with him must know that it is he.
      const asked = body.participant ?? caller;
      const participant = isSame(asked, caller) ? caller : asked;
      requireNoPartInTransfer(await parts.ledger.list(session.id), participant, caller);
      const { operationContext } = of;
      return done(portsOf(parts), of, participant, {
        type: 'operation',
        operationContext,
        succeeded: true,
        reason: '',
      });
    });
  });

const record = functionRoute(routes.recordCall, ({ params, body, headers }, parts, log, caller) => {
  const { action } = body;
  const standsBy = async ({ id }: Session) =>
    action === 'pause' || action === 'resume' ? changedBy(await parts.ledger.list(id), action) : undefined;
  const request = { route: routes.recordCall, id: params.id, key: headers['idempotency-key'], caller, input: body };
  return operation({ ...request, standsBy }, parts, log, async (of, { session }) => {
    const { operationContext } = of;
    const { id } = session;
    if (action === 'resume') requireNobodyUntold(await parts.ledger.list(id));
    if (action !== 'start') {
      const order = { type: 'operation', operationContext, succeeded: true, reason: action } as const;
      const takenBack = await changeRecording(portsOf(parts), of, action, order);
      const stopped = { ...order, operationContext: takenBack ?? '', succeeded: false };
      return takenBack && parts.store.command(id, stopped);
    }
    requireNotice(session);
    requireRecordable(session, abilitiesOf(session.agent, await parts.store.hosts.offers()));
    const operations = await parts.ledger.list(id);
    if (recordingStateOf(operations).is !== 'off') throw recordingRunning();
    requireNoTransfer(operations);
    requireOffHold(operations, callerOf(session));
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
