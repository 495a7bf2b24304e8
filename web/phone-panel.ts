import { SAMPLE_RATE } from '../shared/audio/pcm.ts';
import type { PhoneEvent } from '../shared/protocol/phone-line.ts';
import { ask } from './ask.ts';
import { AudioInput } from './audio-input.ts';
import { AudioOutput } from './audio-output.ts';
import type { Devices } from './devices.ts';
import { byId, element } from './element.ts';
import { FaultChoice } from './fault-choice.ts';
import { LevelStrip } from './meters.ts';
import {
  type CallWishes,
  describePhone,
  dialCommand,
  nextPhone,
  type PhoneInput,
  type PhoneState,
} from './phone-call.ts';
import { PhoneSocket } from './phone-socket.ts';
import { SilentInput } from './silent-input.ts';
import { AudioTrouble, type TroubleName, TYPED_INSTEAD } from './trouble.ts';

export interface PhonePanelListeners {
  /** What a call shall have, as far as anybody has chosen. */
  asked(): CallWishes;
  /** The panel was opened, or closed. */
  onPlugged(plugged: boolean): void;
  /** A call is about to need the microphone. False: it must not. */
  mayCall(): Promise<boolean>;
  onConnected(call: Extract<PhoneState, { name: 'connected' }>): void;
  /** The call that was connected is over. */
  onEnded(news: string): void;
  /** Something that was wanted to fail does, or does no more. */
  onFault(fault: string, state: 'on' | 'off'): void;
  /** The phone is, or is not any more, in a call or on the way to one. */
  onBusy(busy: boolean): void;
  /** @param typeInstead calls without a microphone, where that would do */
  onTrouble(trouble: TroubleName, typeInstead?: () => void): void;
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
const NUMBER = /^\+[1-9]\d{1,14}$/;

/** The simulated telephone beside the dialogue. It is plugged in while the panel is open. */
export class PhonePanel {
  readonly #emulatorUrl: string;
  readonly #devices: Devices;
  readonly #listeners: PhonePanelListeners;
  readonly #panel = byId('phone', HTMLElement);
  readonly #toggle = byId('phone-toggle', HTMLButtonElement);
  readonly #state = byId('phone-state', HTMLElement);
  readonly #form = byId('phone-form', HTMLFormElement);
  readonly #number = byId('phone-number', HTMLInputElement);
  readonly #hint = byId('phone-hint', HTMLElement);
  readonly #keys = byId('phone-keys', HTMLElement);
  readonly #call = byId('phone-call', HTMLButtonElement);
  readonly #hangUp = byId('phone-hangup', HTMLButtonElement);
  readonly #levels = byId('phone-levels', HTMLElement);
  readonly #callerLevel = new LevelStrip(byId('phone-mic-level', HTMLCanvasElement));
  readonly #agentLevel = new LevelStrip(byId('phone-agent-level', HTMLCanvasElement));
  readonly #usualHint = this.#hint.textContent;
  readonly #faults = new FaultChoice(() => {
    if (this.busy) this.#sendFaults();
  });
  #phone: PhoneState = { name: 'unplugged' };
  #socket: PhoneSocket | undefined;
  #input: AudioInput | SilentInput | undefined;
  #output: AudioOutput | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** What began to fail before the call was connected, in which it is told. */
  #earlyFaults: readonly string[] = [];

  constructor(emulatorUrl: string, devices: Devices, listeners: PhonePanelListeners) {
    this.#emulatorUrl = emulatorUrl;
    this.#devices = devices;
    this.#listeners = listeners;
    byId('keypad', HTMLElement).append(...KEYS.map((key) => this.#key(key)));
    byId('phone-keys-fold', HTMLDetailsElement).open = matchMedia('(min-width: 60rem)').matches;
    this.#hangUp.addEventListener('click', () => this.hangUp());
    this.#number.addEventListener('input', () => this.#complain(''));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#pickUp();
    });
    this.#toggle.hidden = false;
    this.#toggle.addEventListener('click', () => void this.#openOrClose());
  }

  /** In a call, or on the way to one. */
  get busy(): boolean {
    return this.#phone.name === 'dialling' || this.#phone.name === 'connected';
  }

  /** What is typed in a call is said in it, by a voice of the emulator's. */
  get hears(): boolean {
    return this.#phone.name === 'connected';
  }

  say(text: string): void {
    this.#output?.clear();
    this.#socket?.send({ type: 'say', text });
  }

  hangUp(): void {
    this.#socket?.send({ type: this.#phone.name === 'ringing' ? 'decline' : 'hangup' });
    this.#closeAudio();
  }

  async useSpeaker(): Promise<void> {
    await this.#output?.useSpeaker(this.#devices.speaker ?? '');
  }

  /** Takes the microphone that is chosen now, where a call has one. @throws {AudioTrouble} */
  async useMicrophone(): Promise<void> {
    const before = this.#input;
    if (!(before instanceof AudioInput)) return;
    const input = await this.#openMicrophone();
    // The browser may have asked, and the call may be over.
    if (this.#input !== before) return input.close();
    before.close();
    this.#input = input;
  }

  async #openOrClose(): Promise<void> {
    const open = this.#panel.hidden === true;
    if (!open && this.busy && !(await ask('Putting the phone away hangs up.', 'Hang up', 'Stay on the phone'))) return;
    this.#panel.hidden = !open;
    this.#toggle.setAttribute('aria-expanded', String(open));
    this.#listeners.onPlugged(open);
    if (open) this.#plugIn();
    else this.#unplug();
  }

  #plugIn(): void {
    this.#socket = new PhoneSocket(this.#emulatorUrl, {
      onEvent: (event) => this.#hear(event),
      onAudio: (pcm) => this.#output?.play(pcm, SAMPLE_RATE),
      onLost: () => this.#apply({ type: 'unplugged' }),
    });
    this.#timer = setInterval(() => this.#draw(), 500);
    this.#draw();
  }

  #unplug(): void {
    this.hangUp();
    this.#socket?.close();
    this.#socket = undefined;
    this.#apply({ type: 'unplugged' });
    this.#phone = { name: 'unplugged' };
    clearInterval(this.#timer);
  }

  /** Dials, or answers the call that rings. @param typed without a microphone */
  async #pickUp(typed = false): Promise<void> {
    const { name } = this.#phone;
    if (name !== 'ready' && name !== 'ringing') return;
    const to = this.#number.value.replace(/[\s()-]/g, '');
    if (name === 'ready' && !NUMBER.test(to)) {
      this.#complain('A number has a plus, its country code and digits only, such as +15550100.');
      return;
    }
    if (this.#faults.wanted === undefined) return;
    this.#call.disabled = true;
    const heard = (await this.#listeners.mayCall()) && (await this.#openAudio(typed));
    if (!heard || this.#phone.name !== name) {
      if (!this.busy) this.#closeAudio();
      this.#draw();
      return;
    }
    this.#sendFaults();
    if (name === 'ringing') {
      this.#socket?.send({ type: 'answer' });
    } else {
      this.#socket?.send(dialCommand(to, this.#listeners.asked()));
      this.#apply({ type: 'dialled', to });
    }
  }

  #sendFaults(): void {
    const { wanted } = this.#faults;
    if (wanted !== undefined) this.#socket?.send({ type: 'faults', faults: wanted });
  }

  #hear(event: PhoneEvent): void {
    if (event.type === 'fault') this.#hearFault(event.fault, event.state);
    if (event.type === 'refused' && event.code === 'phone.bad_faults') this.#faults.refused(event.message);
    else this.#apply(event);
  }

  /** Of a call that is over, nobody needs to hear what works again. */
  #hearFault(fault: string, state: 'on' | 'off'): void {
    if (this.#phone.name === 'connected') this.#listeners.onFault(fault, state);
    else if (state === 'on') this.#earlyFaults = [...this.#earlyFaults, fault];
    else this.#earlyFaults = this.#earlyFaults.filter((each) => each !== fault);
  }

  #complain(what: string): void {
    const wrong = what !== '';
    this.#hint.textContent = wrong ? what : this.#usualHint;
    this.#hint.classList.toggle('wrong', wrong);
    this.#number.setAttribute('aria-invalid', String(wrong));
    if (wrong) this.#number.focus();
  }

  async #openAudio(typed: boolean): Promise<boolean> {
    try {
      this.#output = await AudioOutput.open(({ level }) => this.#agentLevel.push(level), this.#devices.speaker);
      this.#input = typed ? new SilentInput((frame) => this.#socket?.sendAudio(frame)) : await this.#openMicrophone();
      void this.#devices.refresh();
      return true;
    } catch (error) {
      this.#closeAudio();
      const trouble = error instanceof AudioTrouble ? error.trouble : 'audio-failed';
      this.#listeners.onTrouble(trouble, TYPED_INSTEAD.has(trouble) ? () => void this.#pickUp(true) : undefined);
      return false;
    }
  }

  #openMicrophone(): Promise<AudioInput> {
    return AudioInput.open(
      {
        onFrame: (frame) => this.#socket?.sendAudio(frame),
        onLevel: (level) => this.#callerLevel.push(level),
        onLost: () => {
          this.hangUp();
          this.#listeners.onTrouble('microphone-lost');
        },
      },
      this.#devices.microphone,
    );
  }

  #closeAudio(): void {
    this.#input?.close();
    this.#output?.close();
    this.#input = undefined;
    this.#output = undefined;
  }

  #apply(input: PhoneInput): void {
    const before = this.#phone;
    const wasBusy = this.busy;
    const phone = nextPhone(before, input, performance.now());
    this.#phone = phone;
    if (input.type === 'audioStopped') this.#output?.clear();
    if (phone.name === 'ready' || phone.name === 'unplugged') this.#closeAudio();
    if (phone.name === 'connected' && before.name !== 'connected') {
      this.#listeners.onConnected(phone);
      for (const fault of this.#earlyFaults) this.#listeners.onFault(fault, 'on');
      this.#earlyFaults = [];
    }
    if (before.name === 'connected' && phone.name !== 'connected') {
      this.#listeners.onEnded(('news' in phone && phone.news) || 'The call is over');
    }
    if (this.busy !== wasBusy || phone.name !== before.name) this.#listeners.onBusy(this.busy);
    this.#draw();
  }

  #draw(): void {
    const { name } = this.#phone;
    const text = describePhone(this.#phone, performance.now());
    if (this.#state.textContent !== text) this.#state.textContent = text;
    const inCall = this.busy;
    this.#faults.inCall = inCall;
    this.#call.hidden = inCall;
    this.#call.disabled = name === 'unplugged';
    this.#call.textContent = name === 'ringing' ? 'Answer' : 'Call';
    this.#hangUp.hidden = !inCall && name !== 'ringing';
    this.#hangUp.textContent = name === 'ringing' ? 'Decline' : 'Hang up';
    this.#number.readOnly = inCall;
    byId('phone-dial', HTMLElement).dataset.busy = String(inCall);
    this.#levels.hidden = name !== 'connected';
    const keys = this.#phone.name === 'connected' ? this.#phone.keys : '';
    const sent = keys === '' ? '' : `Keys sent: ${keys}`;
    if (this.#keys.textContent !== sent) this.#keys.textContent = sent;
    // The timer's text changes each second: not to be read out.
    this.#state.setAttribute('aria-live', name === 'connected' ? 'off' : 'polite');
  }

  #key(key: string): HTMLButtonElement {
    const button = element('button', '', key);
    button.type = 'button';
    button.addEventListener('click', () => {
      if (this.#phone.name === 'connected') {
        this.#socket?.send({ type: 'dtmf', tone: key });
        this.#apply({ type: 'pressed', key });
      } else if (!this.#number.readOnly) {
        this.#number.value += key;
        this.#complain('');
      }
    });
    return button;
  }
}
