import { isOver } from '../../shared/calls/call-state.ts';
import type { Operation } from '../../shared/calls/operation-ledger.ts';
import { isOnHold } from '../../shared/calls/operations/hold.ts';
import { openTransfer, transferRunning } from '../../shared/calls/operations/transfer.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import { NotFoundError, ParleyError, RequestError } from '../../shared/errors.ts';
import { isWrittenDown } from '../../shared/modes/written-down.ts';
import type { AgentAbilities } from '../../shared/sessions/agent-abilities.ts';
import type { Session } from '../../shared/sessions/session.ts';

/** What cannot be done with a call as it stands is refused by name, rather than taken and not done. */

/** @throws {NotFoundError} `call.ended` */
export function requireGoingOn({ status, endReason }: Session): void {
  if (isOver(status) || endReason !== undefined) {
    throw new NotFoundError('call.ended', 'The call is over, is being ended, or the caller was put through.');
  }
}

/** Whoever puts the caller through has him, and the human, in hand. @throws {ParleyError} `calls.transfer-running` */
export function requireNoTransfer(operations: readonly Operation[]): void {
  if (openTransfer(operations)) throw transferRunning();
}

/**
 * Of a participant who has no part in the transfer that goes on, something may be wanted meanwhile.
 * @throws {ParleyError} `calls.transfer-running`
 */
export function requireNoPartInTransfer(operations: readonly Operation[], who: PartyId, caller: PartyId): void {
  const transfer = openTransfer(operations);
  if (transfer && (who === caller || who === transfer.data.target)) throw transferRunning();
}

/** @throws {ParleyError} `calls.on-hold` */
export function requireOffHold(operations: readonly Operation[], caller: PartyId): void {
  if (isOnHold(operations, caller)) {
    throw new ParleyError('calls.on-hold', 'The caller is on hold; take him off hold first.');
  }
}

/** @throws {ParleyError} `calls.no-voice` */
export function requireVoice(session: Pick<Session, 'mode'>): void {
  if (isWrittenDown(session)) {
    throw new ParleyError('calls.no-voice', 'Nobody speaks in this call: it is only written down.');
  }
}

/** Nobody is recorded untold, and the agent tells nobody where it does not speak. @throws {ParleyError} `calls.no-voice` */
export function requireNotice(session: Session): void {
  if (!session.noticeUnspoken) requireVoice(session);
}

/**
 * What it is known before that nothing could be recorded is not taken.
 * @param abilities of its agent, where they are known
 * @throws {ParleyError} `recording.no-notice`, `calls.no-voice`
 */
export function requireRecordable(call: Pick<Session, 'agent' | 'mode'>, abilities: AgentAbilities | undefined): void {
  if (abilities?.recording === 'none') {
    const why = `The agent "${call.agent}" does not say what people are told before they are recorded.`;
    throw new ParleyError('recording.no-notice', `${why} Give it \`recording\` with a \`notice\`, or do not record.`);
  }
  if (abilities?.recording === 'spoken') requireVoice(call);
}

/** @param abilities of its agent, where they are known @throws {RequestError} `keys.input-unknown` */
export function requireInput(input: string, agent: string, abilities: AgentAbilities | undefined): void {
  if (!abilities || abilities.inputs.includes(input)) return;
  const has = abilities.inputs.length === 0 ? 'It has none' : `It has: ${abilities.inputs.join(', ')}`;
  throw new RequestError(
    'keys.input-unknown',
    `The agent "${agent}" has no input "${input}". ${has}; \`count\` does without.`,
  );
}
