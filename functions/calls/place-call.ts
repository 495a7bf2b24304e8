import type { Caller } from '../../shared/auth/api-door.ts';
import { isOver } from '../../shared/calls/call-state.ts';
import { shownNumberOf } from '../../shared/calls/parties.ts';
import type { CallIds } from '../../shared/carrier/carrier.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { DependencyError, messageOf, NotFoundError, ParleyError } from '../../shared/errors.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import type { initiateCall } from '../../shared/http/routes/calls.ts';
import type { Logger } from '../../shared/log.ts';
import { lineMediaOf } from '../../shared/modes/line-media.ts';
import { modeNotConfigured } from '../../shared/modes/mode-table.ts';
import { type CallMode, modeOfCall, namesOf } from '../../shared/modes/offered-modes.ts';
import { abilitiesOf } from '../../shared/sessions/agent-abilities.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { traceParentOf } from '../../shared/telemetry/call-traces.ts';
import { SPAN } from '../../shared/telemetry/names.ts';
import type { Parts } from '../composition.ts';
import { FIRST_LOOK_MS, OUTBOUND_PLACE_MS } from './call-waits.ts';
import { requireRecordable } from './what-may-be-done.ts';

type OutboundCall = Input<typeof initiateCall>['body'];
type InitiatedCall = Answer<typeof initiateCall>['body'];

/**
 * Places a call, where it may be placed and somebody could talk on it. The agent finds `context` in the session. There is
 * no other way to place one: whoever wants a call, such as a tool of an agent, comes through here and its gate.
 * @param id of its session
 * @throws {ParleyError} one of `outbound.*`: the number is never called, or it would be too much now
 * @throws {NotFoundError} `agent.unknown`
 * @throws {RequestError} `mode.not-configured`
 * @throws {ParleyError} `recording.no-notice`, `calls.no-voice`: it could not be recorded
 * @throws {DependencyError} `capacity.exhausted`
 * @throws {CarrierError} ACS did not place it; the session is failed
 */
export async function placeCall(
  id: string,
  wanted: OutboundCall,
  caller: Caller,
  parts: Parts,
  log: Logger,
): Promise<InitiatedCall> {
  const { TEAMS_PHONE_RESOURCE_ACCOUNT_ID: teamsAccount, ACS_SOURCE_NUMBER: number } = parts.config;
  const source = wanted.caller_id ?? teamsAccount ?? number;
  if (source === undefined) {
    throw new ParleyError(
      'calls.no-source-number',
      'Set ACS_SOURCE_NUMBER or TEAMS_PHONE_RESOURCE_ACCOUNT_ID, or give a caller_id.',
    );
  }
  const ask = () => parts.gate.admit({ number: wanted.target_number, client: caller.id });
  const admission = await parts.traces.within(undefined, SPAN.admission, ask);
  try {
    return await placeAdmitted(id, wanted, source, parts, log.child({ client: caller.id }));
  } catch (error) {
    // A request to ACS that got no answer, or a broken one, may have placed the call.
    if (!(error instanceof CarrierError && error.uncertain)) await admission.takeBack(log);
    throw error;
  }
}

/**
 * Places a call that is asked for under a name, also where one who was at it has died: ACS may have been asked by him, and
 * nobody is rung twice.
 * @throws {DependencyError} `once.running`: it is not known yet whether he has placed it
 */
export async function placeOnce(
  name: string,
  wanted: OutboundCall,
  caller: Caller,
  parts: Parts,
  log: Logger,
): Promise<InitiatedCall> {
  const { id, isFirst } = await parts.once.attempt(name);
  const earlier = isFirst ? undefined : await parts.store.get(id);
  // Whoever died had not come so far as to ask ACS.
  if (earlier === undefined) return placeCall(id, wanted, caller, parts, log);
  parts.traces.belongsTo(id);
  if (earlier.callConnectionId !== undefined) return answerOf(earlier, earlier.callConnectionId, wanted);
  if (isOver(earlier.status)) {
    await parts.once.forgetAttempt(name);
    return placeOnce(name, wanted, caller, parts, log);
  }
  throw new DependencyError(
    'once.running',
    'This call may have been placed already, which is known within two minutes. Send the request again.',
  );
}

async function placeAdmitted(
  id: string,
  wanted: OutboundCall,
  source: string,
  parts: Parts,
  log: Logger,
): Promise<InitiatedCall> {
  const { config, store } = parts;
  const agent = wanted.agent ?? config.DEFAULT_AGENT;
  const offers = await store.hosts.offers();
  const how = modeOfCall(
    { asked: wanted.streaming_mode ?? undefined, agent, usual: config.ACS_STREAMING_MODE },
    offers,
  );
  if (wanted.record_call) requireRecordable({ agent, mode: how.mode }, abilitiesOf(agent, offers));
  await parts.traces.within(undefined, SPAN.admission, () => reserve(id, agent, how, parts));
  const callLog = log.child({ session: id });
  try {
    // Before all else: whatever fails from here on, somebody looks after it.
    await store.watch(id, FIRST_LOOK_MS);
    // The callee may pick up, and the media socket open, before `createCall` has answered: the session is there first.
    const session = await store.create({
      id,
      channel: 'phone',
      direction: 'outbound',
      mode: how.mode,
      agent,
      status: 'initiating',
      traceparent: traceParentOf(id),
      from: source,
      to: wanted.target_number,
      ...shownNumberOf(source, config.ACS_SOURCE_NUMBER),
      context: wanted.context,
      ...minutePriceOf(wanted.target_number, parts),
      ...(wanted.voicemail && { voicemail: wanted.voicemail }),
      ...(wanted.record_call === true && { recorded: true }),
    });
    parts.traces.belongsTo(id, true);
    const ids = await parts.traces.within(id, SPAN.dialling, () => dial(session, wanted, source, how, parts, callLog));
    return answerOf(session, ids.callConnectionId, wanted);
  } catch (error) {
    const placed = await giveUp(id, error, parts, callLog);
    if (placed?.callConnectionId === undefined) throw error;
    return answerOf(placed, placed.callConnectionId, wanted);
  }
}

async function reserve(id: string, agent: string, { mode }: CallMode, { store }: Parts): Promise<void> {
  const reservation = await store.hosts.reserve(id, { agent, mode }, OUTBOUND_PLACE_MS);
  if (reservation === 'agent-unknown') {
    const known = new Set((await store.hosts.all()).flatMap((host) => host.agents ?? []));
    throw new NotFoundError('agent.unknown', `There is no agent "${agent}". There are: ${[...known].join(', ')}.`);
  }
  if (reservation === 'mode-unknown') throw modeNotConfigured(mode, namesOf(await store.hosts.offers()));
  if (reservation !== 'kept') {
    throw new DependencyError('capacity.exhausted', 'Nobody could take the call now. Try again later.', reservation);
  }
}

async function dial(
  session: Session,
  wanted: OutboundCall,
  source: string,
  { mode, rateHz }: CallMode,
  { store, calls, acsLocale }: Parts,
  log: Logger,
): Promise<CallIds> {
  await store.append(session.id, { type: 'call.initiated', source: 'functions', data: { context: wanted.context } });
  const ids = await calls.place(wanted.target_number, source, session.id, lineMediaOf(mode, rateHz, acsLocale));
  // The call is placed whether or not it can be noted; the callbacks name its session, and note it too.
  await store
    .bind(session.id, ids)
    .catch((error: unknown) =>
      log.warn({ reason: messageOf(error) }, 'the call is not bound yet; a callback will do it'),
    );
  log.info({ call: ids.callConnectionId }, 'outbound call placed');
  return ids;
}

/**
 * Nothing that failed is left `initiating`. A request that got lost may have placed the call all the same: its
 * CallConnected then finds the session failed, and the call is hung up. One of which a callback has told already is placed.
 * @returns its session, where it could be read
 */
async function giveUp(id: string, error: unknown, { store, clock }: Parts, log: Logger): Promise<Session | undefined> {
  const failed = { status: 'failed', endedAt: clock.wallMs(), endReason: codeOf(error) } as const;
  const unnoted = (failure: unknown) => {
    log.error({ reason: messageOf(failure) }, 'could not note that the call failed');
    return undefined;
  };
  const unlessPlaced = ({ callConnectionId }: Session) => (callConnectionId === undefined ? failed : undefined);
  const session = await store.update(id, unlessPlaced).catch(unnoted);
  if (session?.callConnectionId === undefined) await store.hosts.giveBack(id).catch(unnoted);
  else log.warn({ reason: codeOf(error) }, 'the call is placed, though the request for it has failed');
  return session;
}

const answerOf = (session: Session, callId: string, { target_number }: OutboundCall): InitiatedCall => ({
  call_id: callId,
  status: 'initiating',
  target_number,
  message: 'Call initiated',
  session_id: session.id,
  initiated_at: new Date(session.createdAt).toISOString(),
  streaming_mode: session.mode,
  recording_enabled: session.recorded ?? false,
});

/** What its price is given back by when it is over. */
function minutePriceOf(number: string, { gate }: Parts) {
  const minutePrice = gate.minutePrice(number);
  return minutePrice === undefined ? {} : { minutePrice };
}

const codeOf = (error: unknown): string => (error instanceof ParleyError ? error.code : 'internal');
