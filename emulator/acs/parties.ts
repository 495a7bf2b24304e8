import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import type { LineHolder, Phone } from '../phone/phone-line.ts';
import { CALL_ENDS, type CallEnd } from './call-state.ts';
import { type CommunicationIdentifier, phoneIdentifier } from './identifiers.ts';
import type { Pacer } from './pacer.ts';
import { mixed, type Voice } from './voices.ts';

const SILENCE = new Uint8Array(FRAME_BYTES);
/** ACS sends the audio of four. */
const MOST_PARTIES = 4;

/** The application's part in a call, while it has one. */
export interface CallOwner {
  /** Everybody's next 20 ms. */
  hear(voices: readonly Voice[]): void;
  /** Its own 20 ms. */
  say(): Uint8Array | undefined;
  toneDialled(party: Party, tone: string): void;
  /** Somebody has come or left, is on hold or is not any more. */
  changed(): void;
  /** Nobody is left. @param end of the last one */
  empty(end: CallEnd): void;
}

/** What became of a phone that was rung. */
export type RingOutcome = { readonly party: Party } | { readonly end: CallEnd };

interface PartyOptions {
  readonly phone: Phone;
  readonly room: Parties;
  readonly onSettled: (outcome: RingOutcome) => void;
}

/** One phone in a call, or on its way into it. */
export class Party implements LineHolder {
  readonly phone: Phone;
  readonly identifier: CommunicationIdentifier;
  /** The call that it is in. */
  room: Parties;
  state: 'expected' | 'ringing' | 'joined' = 'expected';
  cancelRinging: Cancel = () => {};
  readonly onSettled: (outcome: RingOutcome) => void;
  #isOnHold = false;

  constructor({ phone, room, onSettled }: PartyOptions) {
    this.phone = phone;
    this.room = room;
    this.onSettled = onSettled;
    this.identifier = phoneIdentifier(phone.number);
  }

  get rawId(): string {
    return this.identifier.rawId;
  }

  get isOnHold(): boolean {
    return this.#isOnHold;
  }

  hold(): void {
    this.#isOnHold = true;
    this.phone.send({ type: 'hold', state: 'on' });
    this.room.owner?.changed();
  }

  unhold(): void {
    if (!this.#isOnHold) return;
    this.#isOnHold = false;
    this.phone.send({ type: 'hold', state: 'off' });
    this.room.owner?.changed();
  }

  answered(): void {
    if (this.state !== 'ringing') return;
    this.state = 'expected';
    this.cancelRinging();
    this.onSettled({ party: this });
  }

  declined(): void {
    if (this.state === 'ringing') this.room.drop(this, CALL_ENDS.declined);
  }

  hungUp(): void {
    this.room.drop(this, this.state === 'ringing' ? CALL_ENDS.declined : CALL_ENDS.phoneHungUp);
  }

  toneDialled(tone: string): void {
    if (this.state === 'joined') this.room.owner?.toneDialled(this, tone);
  }

  partyWanted(number: string): void {
    this.room.want(number, this);
  }
}

export interface PartiesOptions {
  readonly callConnectionId: string;
  readonly findPhone: (number: string) => Phone | undefined;
  readonly ringTimeoutMs: number;
  /** All in which somebody is, also those that the application has left. */
  readonly talking: Set<Parties>;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The phones in a call. Each hears all others and the application, as long as that is in it. */
export class Parties {
  owner: CallOwner | undefined;
  readonly #options: PartiesOptions;
  readonly #all = new Set<Party>();
  #cancelBeat: Cancel | undefined;

  constructor(options: PartiesOptions, owner?: CallOwner) {
    this.#options = options;
    this.owner = owner;
  }

  /** Those who are connected, in the order in which they came. */
  get joined(): readonly Party[] {
    return [...this.#all].filter(({ state }) => state === 'joined');
  }

  find(rawId: string): Party | undefined {
    return this.joined.find((party) => party.rawId === rawId);
  }

  /** A phone that is about to join. Its line is yet to be handed over. @param onSettled told when it goes away before */
  expect(phone: Phone, onSettled: (outcome: RingOutcome) => void): Party {
    const party = new Party({ phone, room: this, onSettled });
    this.#all.add(party);
    return party;
  }

  /** @param onSettled told once: of an answer, after which the party may {@link join}, or why there was none */
  ring(
    number: string,
    {
      from,
      timeoutMs = this.#options.ringTimeoutMs,
    }: { readonly from: string; readonly timeoutMs?: number | undefined },
    onSettled: (outcome: RingOutcome) => void,
  ): void {
    const { findPhone, callConnectionId, clock } = this.#options;
    const phone = findPhone(number);
    const party = phone && this.expect(phone, onSettled);
    if (!party?.phone.seize(party)) {
      if (party) this.#all.delete(party);
      onSettled({ end: party ? CALL_ENDS.busy : CALL_ENDS.nobodyThere });
      return;
    }
    party.state = 'ringing';
    party.cancelRinging = clock.after(timeoutMs, () => this.drop(party, CALL_ENDS.noAnswer));
    party.phone.send({ type: 'ringing', from, callConnectionId });
  }

  join(party: Party): void {
    if (party.state === 'joined' || !this.#all.has(party)) return;
    party.state = 'joined';
    party.phone.send({ type: 'connected', callConnectionId: this.#options.callConnectionId });
    this.#came(party);
  }

  /** Takes a party out of the call. @param endOfCall why the call ends where it was the last */
  drop(party: Party, end: CallEnd, endOfCall: CallEnd = end): void {
    if (!this.#all.delete(party)) return;
    sendAway(party, end);
    if (party.state === 'joined') this.#left(party, endOfCall);
  }

  /** Brings a party of this call into another one. */
  move(party: Party, to: Parties): void {
    this.#all.delete(party);
    party.unhold();
    party.room = to;
    for (const { phone } of to.joined) party.phone.send({ type: 'party', number: phone.number, state: 'joined' });
    to.#all.add(party);
    if (party.state !== 'joined') return;
    to.#came(party);
    this.#left(party, CALL_ENDS.transferred);
  }

  /** The application leaves, and the others go on. Nobody stays on hold. */
  leave(): void {
    this.owner = undefined;
    for (const party of this.joined) party.unhold();
    this.tell({ type: 'applicationLeft' });
  }

  /** A call of its own, in which the application has no part. */
  apart(): Parties {
    return new Parties(this.#options);
  }

  /** Ends the call for everybody. */
  close(end: CallEnd): void {
    this.owner = undefined;
    const all = [...this.#all];
    this.#all.clear();
    this.#rest();
    for (const party of all) sendAway(party, end);
  }

  tell(event: PhoneEvent, except?: Party): void {
    for (const { phone } of this.joined.filter((party) => party !== except)) phone.send(event);
  }

  /** A phone wants another one in the call. Where it cannot be rung, the phone is told. */
  want(number: string, by: Party): void {
    const refuse = (code: string, message: string) => by.phone.send({ type: 'refused', code, message });
    if (by.state !== 'joined') {
      refuse('phone.not_connected', 'The call is not connected yet; nobody can be added to it.');
    } else if (this.#all.size >= MOST_PARTIES) {
      refuse('phone.call_full', 'No more phones fit into this call.');
    } else {
      this.ring(number, { from: by.phone.number }, (outcome) => {
        if ('party' in outcome) this.join(outcome.party);
        else if (outcome.end === CALL_ENDS.nobodyThere) {
          refuse('phone.nobody_there', `No phone is plugged in under ${number}.`);
        } else if (outcome.end === CALL_ENDS.busy) refuse('phone.busy', `The phone ${number} is in a call.`);
      });
    }
  }

  #came(party: Party): void {
    this.#options.log.info('a party joined the call');
    this.tell({ type: 'party', number: party.phone.number, state: 'joined' }, party);
    this.#cancelBeat ??= this.#options.pacer.add(() => this.#beat());
    this.#options.talking.add(this);
    this.owner?.changed();
  }

  #left(party: Party, endOfCall: CallEnd): void {
    this.#options.log.info('a party left the call');
    const { joined, owner } = this;
    this.tell({ type: 'party', number: party.phone.number, state: 'left' });
    if (joined.length === 0) {
      this.#rest();
      owner?.empty(endOfCall);
    } else if (owner) owner.changed();
    else if (joined.length === 1) this.close(CALL_ENDS.alone);
  }

  #rest(): void {
    this.#cancelBeat?.();
    this.#cancelBeat = undefined;
    this.#options.talking.delete(this);
  }

  /** Twenty milliseconds of the call. Whoever is on hold neither hears nor is heard. */
  #beat(): void {
    const joined = this.joined;
    const voices = joined.map((party): Voice => {
      const frame = party.phone.readVoice();
      return { participant: party.rawId, frame: party.isOnHold ? undefined : frame };
    });
    this.owner?.hear(voices);
    for (const [own, party] of joined.entries()) {
      const others = voices.filter((_, at) => at !== own).map(({ frame }) => frame);
      const heard = party.isOnHold ? SILENCE : mixed([this.owner?.say(), ...others]);
      party.phone.playVoice(heard ?? SILENCE);
    }
  }
}

function sendAway(party: Party, end: CallEnd): void {
  party.cancelRinging();
  party.phone.release(party);
  party.phone.send({ type: 'disconnected', code: end.code, reason: end.message });
  if (party.state !== 'joined') party.onSettled({ end });
}
