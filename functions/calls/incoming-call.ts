import { createHash } from 'node:crypto';
import { shownNumberOf } from '../../shared/calls/parties.ts';
import type { IncomingCall } from '../../shared/carrier/announcement.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { DependencyError, messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { lineMediaOf } from '../../shared/modes/line-media.ts';
import { type CallMode, modeOfCall } from '../../shared/modes/offered-modes.ts';
import type { SessionStatus } from '../../shared/sessions/session.ts';
import { traceParentOf } from '../../shared/telemetry/call-traces.ts';
import { SPAN } from '../../shared/telemetry/names.ts';
import type { Parts } from '../composition.ts';
import { FIRST_LOOK_MS, INBOUND_PLACE_MS } from './call-waits.ts';
import { turnAway } from './turn-away.ts';

/** What became of a ringing call, in the fields of the HTTP answer. */
export interface IncomingCallResult {
  readonly status: string;
  readonly session_id: string;
  readonly [field: string]: unknown;
}

/**
 * Answers a ringing call, or rejects it where nobody could talk with the caller. Done once for each call, however often
 * it is announced.
 *
 * @param mayRetry whether the announcement will come again if this fails
 * @throws {ParleyError} with status 503 where trying again may help
 */
export async function takeIncomingCall(
  call: IncomingCall,
  mayRetry: boolean,
  parts: Parts,
  log: Logger,
): Promise<IncomingCallResult> {
  const id = sessionIdOf(call);
  return parts.traces.requestOf(id, () => takeOnce(id, call, mayRetry, parts, log.child({ session: id })));
}

async function takeOnce(
  id: string,
  call: IncomingCall,
  mayRetry: boolean,
  parts: Parts,
  callLog: Logger,
): Promise<IncomingCallResult> {
  const other = await parts.ringLegs.other(call, id, mayRetry);
  if (other !== undefined) return { status: 'duplicate', session_id: other };
  const work = async () => answerOrReject(id, await listed(call, parts, callLog), mayRetry, parts, callLog);
  const { first, answer } = await parts.once.run(`incoming:${id}`, '', callLog, work);
  return first ? answer : { status: 'duplicate', session_id: id };
}

/**
 * The session of a ringing call, the same in every delivery and every retry. It comes from the call's own ticket: event
 * ids differ between two subscriptions, and a correlation id stays with a caller who is transferred back to us.
 */
function sessionIdOf(call: IncomingCall): string {
  return createHash('sha256').update(call.ticket).digest('base64url').slice(0, 32);
}

/** A ringing call, with what the table of numbers says of the one that it was to. */
interface RingingCall extends IncomingCall {
  readonly language?: string | undefined;
  readonly recorded?: boolean | undefined;
}

/** What whoever passed the call on says goes before what the table does. */
async function listed(call: IncomingCall, { numbers, unlisted }: Parts, log: Logger): Promise<RingingCall> {
  const entry = numbers.find(call.to);
  if (entry !== undefined) {
    const { agent, mode, language, recording } = entry;
    return { ...call, agent: call.agent ?? agent, mode: call.mode ?? mode, language, recorded: recording };
  }
  if (numbers.size > 0) {
    const count = await unlisted.count().catch(() => undefined);
    log.warn({ count }, 'a number was called that agents/numbers.yaml does not list; it is answered as any');
  }
  return call;
}

async function answerOrReject(
  id: string,
  call: RingingCall,
  mayRetry: boolean,
  parts: Parts,
  log: Logger,
): Promise<IncomingCallResult> {
  const earlier = await parts.store.get(id);
  if (earlier?.callConnectionId !== undefined) {
    // An earlier attempt got no response, but its call did come about, as a callback has told.
    return answered(id, earlier.callConnectionId, call, parts);
  }
  if (earlier?.status === 'failed') {
    // An earlier attempt has given it up, and did not get so far as to turn it away: nobody can talk in a session that is over.
    return reject(id, call, earlier.endReason ?? 'call-failed', parts, log);
  }
  const keysFailure = await parts.tokens.ready().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (keysFailure !== undefined) {
    // Nobody could check who the media socket is from: the call would be answered into silence.
    if (mayRetry) throw keysFailure;
    return reject(id, call, 'auth.keys-unavailable', parts, log);
  }
  const { agent = parts.config.DEFAULT_AGENT } = call;
  const how = await modeOf(call, parts);
  const reserve = () => parts.store.hosts.reserve(id, { agent, mode: how.mode }, INBOUND_PLACE_MS);
  const place = await parts.traces.within(id, SPAN.admission, reserve);
  if (place === 'kept') return answer(id, call, how, parts, log);
  if (place === 'agent-unknown' && call.agent !== undefined) {
    log.warn({ agent }, 'a call names an agent that no stream host has; DEFAULT_AGENT answers');
    return answerOrReject(id, { ...call, agent: undefined }, mayRetry, parts, log);
  }
  if (place === 'mode-unknown' && call.mode !== undefined) {
    log.warn(
      { mode: call.mode },
      'a call names a mode that no stream host has; its agent’s or ACS_STREAMING_MODE it is',
    );
    return answerOrReject(id, { ...call, mode: undefined }, mayRetry, parts, log);
  }
  if (place === 'none-alive' && mayRetry) {
    // A replica may be about to start. The caller goes on hearing it ring until the next delivery.
    throw new DependencyError('capacity.none-alive', 'No stream host is alive. Deliver the event again.');
  }
  return reject(id, call, `capacity.${place}`, parts, log);
}

async function modeOf(
  { agent, mode }: RingingCall,
  { config, store }: Pick<Parts, 'config' | 'store'>,
): Promise<CallMode> {
  const wanted = { asked: mode, agent: agent ?? config.DEFAULT_AGENT, usual: config.ACS_STREAMING_MODE };
  return modeOfCall(wanted, await store.hosts.offers());
}

async function answer(
  id: string,
  call: RingingCall,
  how: CallMode,
  parts: Parts,
  log: Logger,
): Promise<IncomingCallResult> {
  // Before `answerCall`: the media socket and the first callback may be here before its response.
  // And the watch before the session: whatever fails from here on, somebody looks after it.
  await parts.store.watch(id, FIRST_LOOK_MS);
  await openSession(id, call, how, 'ringing', parts);
  try {
    const ids = await parts.traces.within(id, SPAN.answering, async () => {
      const taken = await parts.calls.answer(call.ticket, id, lineMediaOf(how.mode, how.rateHz, parts.acsLocale));
      await parts.store
        .bind(id, taken)
        .catch((error: unknown) =>
          log.warn({ reason: messageOf(error) }, 'the call is not bound yet; a callback will do it'),
        );
      return taken;
    });
    log.info({ call: ids.callConnectionId }, 'call answered');
    return answered(id, ids.callConnectionId, call, parts);
  } catch (error) {
    if (!(error instanceof CarrierError) || error.transient) throw error;
    await parts.store.hosts.giveBack(id);
    log.error(
      { code: error.code, reason: error.message, cause: messageOf(error.cause) },
      'the call could not be answered',
    );
    await parts.store.update(id, ({ callConnectionId }) =>
      callConnectionId === undefined
        ? { status: 'failed', endedAt: parts.clock.wallMs(), endReason: error.code }
        : undefined,
    );
    return { status: 'call failed', session_id: id, error: { code: error.code, message: error.message } };
  }
}

/** What an alarm looks for: `infra/queries/calls-rejected.kql`. */
const TURNED_AWAY = {
  rejected: 'call rejected as busy: nobody could talk with the caller',
  redirected: 'call redirected: nobody could talk with the caller',
} as const;

async function reject(
  id: string,
  call: RingingCall,
  endReason: string,
  parts: Parts,
  log: Logger,
): Promise<IncomingCallResult> {
  await openSession(id, call, await modeOf(call, parts), 'failed', parts);
  await parts.store.update(id, () => ({ status: 'failed', endedAt: parts.clock.wallMs(), endReason }));
  let away: Awaited<ReturnType<typeof turnAway>> = 'rejected';
  try {
    away = await parts.traces.within(id, SPAN.turningAway, () => turnAway(call, parts, log));
  } catch (error) {
    if (!(error instanceof CarrierError) || error.transient) throw error;
    log.warn({ code: error.code }, 'the call could not be rejected; it is likely over');
  }
  log.warn({ reason: endReason }, TURNED_AWAY[away]);
  return { status: `call ${away}`, session_id: id, reason: endReason };
}

/** Creates the session, unless an earlier attempt has. */
async function openSession(
  id: string,
  call: RingingCall,
  how: CallMode,
  status: SessionStatus,
  parts: Parts,
): Promise<void> {
  try {
    await parts.store.create({
      id,
      channel: 'phone',
      direction: 'inbound',
      mode: how.mode,
      agent: call.agent ?? parts.config.DEFAULT_AGENT,
      status,
      traceparent: traceParentOf(id),
      from: call.from,
      to: call.to,
      ...shownNumberOf(call.to, parts.config.ACS_SOURCE_NUMBER),
      ...(call.context !== undefined && { context: call.context }),
      ...(call.language !== undefined && { language: call.language }),
      ...(call.recorded !== undefined && { recorded: call.recorded }),
      ...(call.correlationId !== undefined && { correlationId: call.correlationId }),
    });
    parts.traces.belongsTo(id, true);
    await parts.store.append(id, { type: 'call.incoming', source: 'functions', data: {} });
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code !== 'session.exists') throw error;
  }
}

const answered = (id: string, callConnectionId: string, call: RingingCall, { clock }: Parts): IncomingCallResult => ({
  status: 'call answered',
  call_connection_id: callConnectionId,
  caller_id: call.from,
  answered_at: new Date(clock.wallMs()).toISOString(),
  session_id: id,
});
