import type { Logger } from '../../shared/log.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import type { LineHolder, PhoneLine } from '../phone/phone-line.ts';
import { mixed, type Voice } from './voices.ts';

export interface CallPartiesOptions {
  readonly callConnectionId: string;
  /** The raw id of the phone that the call began with. */
  readonly firstParticipant: string;
  readonly findPhone: (number: string) => PhoneLine | undefined;
  readonly onTone: (tone: string) => void;
  /** Somebody has joined the call, or has left it. */
  readonly onChange: () => void;
  readonly log: Logger;
}

/** ACS sends the audio of four; so many phones are enough to show it. */
const MOST_ADDED = 3;

interface Added extends LineHolder {
  readonly line: PhoneLine;
  joined: boolean;
}

/** The phones in a call: the one that it began with, and those that have been added to it. Each hears all others. */
export class CallParties {
  readonly #options: CallPartiesOptions;
  readonly #added = new Map<string, Added>();
  #first: PhoneLine | undefined;

  constructor(options: CallPartiesOptions) {
    this.#options = options;
  }

  begin(line: PhoneLine): void {
    this.#first = line;
  }

  /** Numbers of those who were added and are in the call. */
  get added(): readonly string[] {
    return [...this.#added.values()].filter(({ joined }) => joined).map(({ line }) => line.number);
  }

  /** Everybody's next 20 ms. */
  readVoices(): readonly Voice[] {
    const first = { participant: this.#options.firstParticipant, frame: this.#first?.readVoice() };
    const others = [...this.#added.values()].filter(({ joined }) => joined);
    return [first, ...others.map(({ line }) => ({ participant: `4:${line.number}`, frame: line.readVoice() }))];
  }

  /** @param voices what {@link readVoices} gave; nobody hears himself */
  play(voices: readonly Voice[], fromApplication: Uint8Array | undefined, silence: Uint8Array): void {
    const lines = [this.#first, ...[...this.#added.values()].filter(({ joined }) => joined).map(({ line }) => line)];
    for (const [own, line] of lines.entries()) {
      const others = voices.filter((_, at) => at !== own).map(({ frame }) => frame);
      line?.playVoice(mixed([fromApplication, ...others]) ?? silence);
    }
  }

  tell(event: PhoneEvent): void {
    this.#first?.send(event);
    this.tellAdded(event);
  }

  /** Without the phone that the call began with. */
  tellAdded(event: PhoneEvent): void {
    for (const { line } of this.#added.values()) line.send(event);
  }

  /** Rings a phone, and takes it into the call when it answers. Where it cannot, whoever wants it is told. */
  want(number: string, by: PhoneLine | undefined): void {
    const refuse = (code: string, message: string) => by?.send({ type: 'refused', code, message });
    const line = this.#options.findPhone(number);
    const added = line && this.#holderOf(line);
    if (this.#added.size >= MOST_ADDED) {
      refuse('phone.call_full', 'No more phones fit into this call.');
      return;
    }
    if (!added) {
      refuse('phone.nobody_there', `No phone is plugged in under ${number}.`);
      return;
    }
    if (!line.seize(added)) {
      refuse('phone.busy', `The phone ${number} is in a call.`);
      return;
    }
    this.#added.set(number, added);
    const { callConnectionId } = this.#options;
    line.send({ type: 'ringing', from: by?.number ?? number, callConnectionId });
  }

  /** The call is over. */
  release(): void {
    for (const added of this.#added.values()) added.line.release(added);
    this.#added.clear();
  }

  #holderOf(line: PhoneLine): Added {
    const { callConnectionId, onTone, onChange, log } = this.#options;
    const leave = (reason: string) => {
      if (!this.#added.delete(line.number)) return;
      line.release(added);
      line.send({ type: 'disconnected', code: 200, reason });
      if (!added.joined) return;
      log.info('a party left the call');
      this.tell({ type: 'party', number: line.number, state: 'left' });
      onChange();
    };
    const added: Added = {
      line,
      joined: false,
      answered: () => {
        if (added.joined) return;
        added.joined = true;
        log.info('a party joined the call');
        line.send({ type: 'connected', callConnectionId });
        this.tell({ type: 'party', number: line.number, state: 'joined' });
        onChange();
      },
      declined: () => leave('The call was declined.'),
      hungUp: () => leave('The phone hung up.'),
      toneDialled: (tone) => {
        if (added.joined) onTone(tone);
      },
      partyWanted: (number) => this.want(number, line),
    };
    return added;
  }
}
