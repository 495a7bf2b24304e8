import type { SessionFacts } from '../../contract/agent.ts';

/** More participants than anybody calls by name; those beyond share one. */
const MOST_NAMES = 64;

/**
 * Names the participants of a call. ACS knows them by raw ids (`4:+15550001111`); of the call one number is known, the one
 * at its other end. Whoever has it is the caller of an inbound call and the callee of an outbound one, and the first
 * other participant is his counterpart. Raw ids hold phone numbers and names do not, so names may go anywhere.
 */
export class Speakers {
  readonly #facts: Pick<SessionFacts, 'caller' | 'direction'>;
  readonly #names = new Map<string, string>();

  constructor(facts: Pick<SessionFacts, 'caller' | 'direction'>) {
    this.#facts = facts;
  }

  /** @param participant undefined where the line tells nobody apart: a browser, or a phone call whose audio is mixed */
  nameOf(participant: string | undefined): string {
    const { caller, direction } = this.#facts;
    if (participant === undefined) return caller === undefined ? 'caller' : 'line';
    const known = this.#names.get(participant);
    if (known !== undefined) return known;
    if (this.#names.size >= MOST_NAMES) return 'others';
    const name = this.#newName(caller !== undefined && numberOf(participant) === numberOf(caller), direction);
    this.#names.set(participant, name);
    return name;
  }

  #newName(isOtherEnd: boolean, direction: SessionFacts['direction']): string {
    const [otherEnd, counterpart] = direction === 'inbound' ? ['caller', 'callee'] : ['callee', 'caller'];
    if (isOtherEnd) return otherEnd;
    const taken = [...this.#names.values()];
    return taken.includes(counterpart) ? `participant-${Math.max(3, taken.length + 1)}` : counterpart;
  }
}

/** Sessions hold a number as it is, or the raw id of whoever has none. */
const numberOf = (id: string): string => (id.startsWith('4:') ? id.slice(2) : id);
