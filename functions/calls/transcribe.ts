import { openTransfer, transferRunning } from '../../shared/calls/operations/transfer.ts';
import { failedAs } from '../../shared/carrier/carrier-error.ts';
import { restartMedia } from '../../shared/carrier/restart-media.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { transcribeCall } from '../../shared/http/routes/calls.ts';
import type { Logger } from '../../shared/log.ts';
import { modeNotConfigured } from '../../shared/modes/mode-table.ts';
import { namesOf } from '../../shared/modes/offered-modes.ts';
import { isWrittenDown, toWrittenDown, writtenDownMode } from '../../shared/modes/written-down.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { findSession } from './find-session.ts';
import { requireGoingOn } from './what-may-be-done.ts';

/** Has a call that goes on written down: the host that has it lets go, and one takes it up again in that mode. */
export const transcribeRoute = functionRoute(transcribeCall, transcribe);

async function transcribe(
  { params }: Input<typeof transcribeCall>,
  parts: Parts,
  log: Logger,
): Promise<Answer<typeof transcribeCall>> {
  const { store, ledger, calls, clock, acsLocale } = parts;
  const session = await findSession(store, params.id);
  parts.traces.belongsTo(session.id);
  const call = requireCall(session);
  await requireMode(parts);
  // The human would be told nothing: nobody speaks in a call that is written down.
  if (openTransfer(await ledger.list(session.id))) throw transferRunning();
  const isNew = !isWrittenDown(session);
  // First the mode: whoever takes the call up from now on has it.
  const { mode } = await store.update(session.id, toWrittenDown, session);
  if (!(isNew && (await restartMedia(calls, call, 'written-down', clock)))) {
    await unlessRunning(() => calls.startMedia(call, 'written-down'));
  }
  if (acsLocale !== undefined) await unlessRunning(() => calls.startTranscription(call, session.id));
  await store.append(session.id, { type: 'transcription.requested', source: 'functions', data: {} });
  log.info({ session: session.id, call, isNew }, 'a call is written down from now on');
  return {
    status: 200,
    body: {
      call_id: call,
      session_id: session.id,
      status: 'transcribing',
      streaming_mode: mode,
      message: 'The call is written down from now on',
    },
  };
}

/** @returns the call's connection id */
function requireCall(session: Session): string {
  const { channel, status, callConnectionId } = session;
  if (channel !== 'phone') {
    throw new ParleyError('calls.no-phone-call', 'A browser chooses its mode when it opens its session.');
  }
  requireGoingOn(session);
  if (callConnectionId === undefined || status !== 'connected') {
    throw new ParleyError('calls.not-established', 'The call is being set up; ask again in a moment.');
  }
  return callConnectionId;
}

/** A release of the stream host that says nothing of its modes may have this one. */
async function requireMode({ store }: Parts): Promise<void> {
  const offers = await store.hosts.offers();
  const known = namesOf(offers);
  const saysAll = offers.every(({ modes }) => modes !== undefined);
  if (offers.length > 0 && saysAll && !known.includes(writtenDownMode()))
    throw modeNotConfigured(writtenDownMode(), known);
}

/** What ACS refuses because it does so already is as good as done. */
async function unlessRunning(start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!failedAs(error, 'refused')) throw error;
  }
}
