import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { AcsError, invalidArgument, participantNotFound } from './acs-error.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { RESULTS } from './call-results.ts';
import { CALL_ENDS } from './call-state.ts';
import { type CommunicationIdentifier, numberOf, phoneIdentifier } from './identifiers.ts';
import type { Party, RingOutcome } from './parties.ts';
import type {
  Asked,
  addRequest,
  holdRequest,
  muteRequest,
  removeRequest,
  targetRequest,
  transferRequest,
} from './requests.ts';

interface Participant {
  readonly identifier: CommunicationIdentifier;
  readonly isMuted: boolean;
  readonly isOnHold: boolean;
}

/** What the application may do with those who are in its call, and who may come into it. */
export class ParticipantOperations {
  readonly #call: Call;
  /** Raw id of whom the call is being transferred to. */
  #transferTo: string | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  get isTransferring(): boolean {
    return this.#transferTo !== undefined;
  }

  /** All of them, the application first. */
  get all(): readonly Participant[] {
    const { application, isMuted, parties } = this.#call;
    return [{ identifier: application, isMuted, isOnHold: false }, ...parties.joined.map(describe)];
  }

  add({ participantToAdd, sourceCallerIdNumber, invitationTimeoutInSeconds, ...asked }: Of<typeof addRequest>): Answer {
    const number = phoneOf(participantToAdd);
    const identifier = phoneIdentifier(number);
    if (this.#call.parties.find(participantToAdd)) throw invalidArgument('The participant is in the call already.');
    const timeoutMs = invitationTimeoutInSeconds && invitationTimeoutInSeconds * 1000;
    return {
      ...accepted(asked, { participant: { identifier, isMuted: false, isOnHold: false }, invitationId: randomUUID() }),
      afterwards: () =>
        this.#call.parties.ring(number, { from: sourceCallerIdNumber.value, timeoutMs }, (outcome) =>
          this.#added(outcome, identifier, asked),
        ),
    };
  }

  #added(outcome: RingOutcome, participant: CommunicationIdentifier, asked: Asked): void {
    if ('end' in outcome) {
      this.#call.tell('AddParticipantFailed', asked, { participant }, outcome.end);
    } else {
      this.#call.tell('AddParticipantSucceeded', asked, { participant });
      this.#call.parties.join(outcome.party);
    }
  }

  remove({ participantToRemove, ...asked }: Of<typeof removeRequest>): Answer {
    const participant = phoneIdentifier(phoneOf(participantToRemove));
    return {
      ...accepted(asked),
      afterwards: () => {
        const { parties } = this.#call;
        const party = parties.find(participantToRemove);
        if (!party) return this.#call.tell('RemoveParticipantFailed', asked, { participant }, RESULTS.notFound);
        this.#call.tell('RemoveParticipantSucceeded', asked, { participant });
        parties.drop(party, CALL_ENDS.removed, CALL_ENDS.alone);
      },
    };
  }

  /** Of users of the service only (`MuteParticipantsRequest` of its REST API says so): here that is the application. */
  mute({ targetParticipants: [rawId = ''], ...asked }: Of<typeof muteRequest>): Answer {
    if (!this.all.some(({ identifier }) => identifier.rawId === rawId)) throw participantNotFound();
    if (rawId !== this.#call.application.rawId) throw invalidArgument('Only ACS users can be muted.');
    this.#call.mute();
    return { ...accepted(asked), status: 200 };
  }

  hold({ targetParticipant }: Of<typeof holdRequest>): Answer {
    const party = this.#partyOf(targetParticipant);
    return { status: 200, afterwards: () => party.hold() };
  }

  unhold({ targetParticipant }: Of<typeof targetRequest>): Answer {
    const party = this.#partyOf(targetParticipant);
    return { status: 200, afterwards: () => party.unhold() };
  }

  transfer({ targetParticipant, transferee, sourceCallerIdNumber, ...asked }: Of<typeof transferRequest>): Answer {
    const number = phoneOf(targetParticipant);
    const { parties } = this.#call;
    if (this.#transferTo !== undefined) throw new AcsError(409, '8607', 'A transfer of this call is under way.');
    if (transferee === undefined && parties.joined.length > 1) {
      throw new AcsError(400, '8505', 'There are several participants: name the one to be transferred.');
    }
    const leaving = transferee === undefined ? parties.joined[0] : this.#partyOf(transferee);
    if (!leaving) throw participantNotFound();
    this.#transferTo = targetParticipant;
    const from = sourceCallerIdNumber?.value ?? leaving.phone.number;
    return {
      ...accepted(asked),
      afterwards: () => {
        parties.ring(number, { from }, (outcome) => {
          this.#transferTo = undefined;
          if ('end' in outcome) return this.#call.tell('CallTransferFailed', asked, {}, outcome.end);
          const { party } = outcome;
          if (leaving.state !== 'joined' || leaving.room !== parties) return parties.drop(party, CALL_ENDS.canceled);
          const who = { transferTarget: party.identifier, transferee: leaving.identifier };
          this.#call.tell('CallTransferAccepted', asked, who);
          const talk = parties.apart();
          parties.move(party, talk);
          talk.join(party);
          parties.move(leaving, talk);
          talk.leave();
        });
      },
    };
  }

  #partyOf(rawId: string): Party {
    const party = this.#call.parties.find(rawId);
    if (party) return party;
    throw participantNotFound();
  }
}

type Of<Schema extends z.ZodType> = z.output<Schema>;

const describe = ({ identifier, isOnHold }: Party): Participant => ({ identifier, isMuted: false, isOnHold });

const accepted = ({ operationContext }: Asked, fields: Readonly<Record<string, unknown>> = {}): Answer => ({
  status: 202,
  body: { ...fields, operationContext },
});

/** @throws {AcsError} where it is no phone: others the emulator does not call */
export function phoneOf(rawId: string): string {
  const number = numberOf(rawId);
  if (number === undefined) throw invalidArgument('The emulator calls phone numbers only.');
  return number;
}
