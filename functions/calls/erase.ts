import { isOver } from '../../shared/calls/call-state.ts';
import type { Operation } from '../../shared/calls/operation-ledger.ts';
import { isStart, recordingIdOf } from '../../shared/calls/operations/recording-state.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { eraseCall } from '../../shared/http/routes/records.ts';
import type { Logger } from '../../shared/log.ts';
import { carrierRecordingsIn } from '../../shared/records/read-record.ts';
import type { RecordStore } from '../../shared/records/record-store.ts';
import { sessionKeys } from '../../shared/sessions/keys.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { lookUpSession } from './find-session.ts';

/** Erases all that is kept of a call. */
export const eraseCallRoute = functionRoute(eraseCall, erase);

async function erase(
  { params }: Input<typeof eraseCall>,
  { store, ledger, erasure, records }: Parts,
  log: Logger,
): Promise<Answer<typeof eraseCall>> {
  const session = await lookUpSession(store, params.id);
  if (session !== undefined && !isOver(session.status))
    throw goesOn(session.endReason ? BEING_ENDED : 'End it first: POST …/hangup.');
  const sessionId = session?.id ?? (await erasure.sessionOf(params.id)) ?? params.id;
  // Refuses what is no id at all.
  sessionKeys(sessionId);
  // A host writes its last words until it lets go, and would write the session again that Redis has lost.
  if ((await store.owner(sessionId)) !== undefined) throw goesOn(BEING_ENDED);
  const callId = session?.callConnectionId ?? (sessionId === params.id ? undefined : params.id);
  // Before what tells of it is gone.
  const left = session ? await carrierRecordings(session, await ledger.list(sessionId), records) : null;
  // The record first: should it fail, the session is there still, by which the call is found.
  const files = (await records?.erase(sessionId)) ?? [];
  const redis = await erasure.erase(sessionId, callId);
  log.info({ session: sessionId, files: files.length, keys: redis.size }, 'a call was erased');
  return {
    status: 200,
    body: {
      call_id: callId ?? null,
      session_id: sessionId,
      redis: Object.fromEntries(redis),
      files: files.map(({ name, bytes }) => ({ name, bytes })),
      left,
      message: redis.size + files.length === 0 ? 'There was nothing to erase' : erased(left, session?.restored),
    },
  };
}

function erased(left: readonly unknown[] | null, isRestored = false): string {
  if (left?.length) {
    const what = 'Erased, but for what ACS recorded: `left` names it';
    return isRestored ? `${what}, as far as it is known: Redis had lost what was asked for in this call` : what;
  }
  return isRestored
    ? 'Erased, and whether ACS recorded it nobody knows: Redis had lost what was asked for in this call'
    : 'Erased';
}

/**
 * What the carrier has recorded of a call, or may have: only it can tell, and its copy is not ours to erase. Where Redis has
 * lost the call's operations meanwhile, the record knows more; null: nothing tells that there is none.
 */
async function carrierRecordings(
  { id, correlationId, serverCallId, restored }: Session,
  operations: readonly Operation[],
  records: RecordStore | undefined,
) {
  const asked = operations
    .filter((each) => isStart(each) && (each.state !== 'failed' || recordingIdOf(each) !== undefined))
    .map((each) => recordingIdOf(each) ?? null);
  const told = new Set<string>();
  if (restored && records) for await (const each of carrierRecordingsIn(records, id)) told.add(each);
  const ids = [...asked, ...[...told].filter((each) => !asked.includes(each))];
  if (restored && ids.length === 0) return null;
  return ids.map((recordingId) => ({
    what: 'carrier-recording' as const,
    recording_id: recordingId,
    correlation_id: correlationId ?? null,
    server_call_id: serverCallId ?? null,
  }));
}

const BEING_ENDED = 'It is being ended: ask again in some seconds.';
const goesOn = (what: string) => new ParleyError('calls.goes-on', `The call goes on, and is not erased. ${what}`);
