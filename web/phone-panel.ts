import { SAMPLE_RATE } from '../shared/audio/pcm.ts';
import { AudioInput } from './audio-input.ts';
import { AudioOutput } from './audio-output.ts';
import { byId, element } from './element.ts';
import { LevelStrip } from './meters.ts';
import { describePhone, nextPhone, type PhoneInput, type PhoneState } from './phone-call.ts';
import { PhoneSocket } from './phone-socket.ts';
import { AudioTrouble, type TroubleName } from './trouble.ts';

export interface PhonePanelListeners {
  /** A call is about to need the microphone. */
  onCall(): void;
  onTrouble(trouble: TroubleName): void;
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

/** The simulated telephone beside the dialogue. It is plugged in while the panel is open. */
export class PhonePanel {
  readonly #emulatorUrl: string;
  readonly #listeners: PhonePanelListeners;
  readonly #panel = byId('phone', HTMLElement);
  readonly #state = byId('phone-state', HTMLElement);
  readonly #form = byId('phone-form', HTMLFormElement);
  readonly #number = byId('phone-number', HTMLInputElement);
  readonly #call = byId('phone-call', HTMLButtonElement);
  readonly #hangUp = byId('phone-hangup', HTMLButtonElement);
  readonly #levels = byId('phone-levels', HTMLElement);
  readonly #callerLevel = new LevelStrip(byId('phone-mic-level', HTMLCanvasElement));
  readonly #agentLevel = new LevelStrip(byId('phone-agent-level', HTMLCanvasElement));
  #phone: PhoneState = { name: 'unplugged' };
  #socket: PhoneSocket | undefined;
  #input: AudioInput | undefined;
  #output: AudioOutput | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(emulatorUrl: string, listeners: PhonePanelListeners) {
    this.#emulatorUrl = emulatorUrl;
    this.#listeners = listeners;
    byId('keypad', HTMLElement).append(...KEYS.map((key) => this.#key(key)));
    this.#hangUp.addEventListener('click', () => this.hangUp());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#pickUp();
    });
    const toggle = byId('phone-toggle', HTMLButtonElement);
    toggle.hidden = false;
    toggle.addEventListener('click', () => {
      const open = this.#panel.hidden;
      this.#panel.hidden = !open;
      toggle.setAttribute('aria-expanded', String(open));
      if (open) this.#plugIn();
      else this.#unplug();
    });
  }

  hangUp(): void {
    this.#socket?.send({ type: this.#phone.name === 'ringing' ? 'decline' : 'hangup' });
    this.#closeAudio();
  }

  #plugIn(): void {
    this.#socket = new PhoneSocket(this.#emulatorUrl, {
      onEvent: (event) => this.#apply(event),
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
    this.#phone = { name: 'unplugged' };
    clearInterval(this.#timer);
  }

  /** Dials, or answers the call that rings. */
  async #pickUp(): Promise<void> {
    const { name } = this.#phone;
    if (name !== 'ready' && name !== 'ringing') return;
    this.#call.disabled = true;
    this.#listeners.onCall();
    const heard = await this.#openAudio();
    if (!heard || this.#phone.name !== name) return this.#draw();
    if (name === 'ringing') {
      this.#socket?.send({ type: 'answer' });
    } else {
      const to = this.#number.value;
      this.#socket?.send({ type: 'dial', to, displayName: 'Web page' });
      this.#apply({ type: 'dialled', to });
    }
  }

  async #openAudio(): Promise<boolean> {
    try {
      this.#output = await AudioOutput.open(({ level }) => this.#agentLevel.push(level));
      this.#input = await AudioInput.open({
        onFrame: (frame) => this.#socket?.sendAudio(frame),
        onLevel: (level) => this.#callerLevel.push(level),
        onLost: () => {
          this.hangUp();
          this.#listeners.onTrouble('microphone-lost');
        },
      });
      return true;
    } catch (error) {
      this.#closeAudio();
      this.#listeners.onTrouble(error instanceof AudioTrouble ? error.trouble : 'audio-failed');
      return false;
    }
  }

  #closeAudio(): void {
    this.#input?.close();
    this.#output?.close();
    this.#input = undefined;
    this.#output = undefined;
  }

  #apply(input: PhoneInput): void {
    this.#phone = nextPhone(this.#phone, input, performance.now());
    if (input.type === 'audioStopped') this.#output?.clear();
    if (this.#phone.name === 'ready' || this.#phone.name === 'unplugged') this.#closeAudio();
    this.#draw();
  }

  #draw(): void {
    const { name } = this.#phone;
    const text = describePhone(this.#phone, performance.now());
    if (this.#state.textContent !== text) this.#state.textContent = text;
    const inCall = name === 'dialling' || name === 'connected';
    this.#call.hidden = inCall;
    this.#call.disabled = name === 'unplugged';
    this.#call.textContent = name === 'ringing' ? 'Answer' : 'Call';
    this.#hangUp.hidden = !inCall && name !== 'ringing';
    this.#hangUp.textContent = name === 'ringing' ? 'Decline' : 'Hang up';
    this.#number.readOnly = inCall;
    this.#levels.hidden = name !== 'connected';
    // The timer's text changes each second: not to be read out.
    this.#state.setAttribute('aria-live', name === 'connected' ? 'off' : 'polite');
  }

  #key(key: string): HTMLButtonElement {
    const button = element('button', '', key);
    button.type = 'button';
    button.addEventListener('click', () => {
      if (this.#phone.name === 'connected') this.#socket?.send({ type: 'dtmf', tone: key });
      else if (!this.#number.readOnly) this.#number.value += key;
    });
    return button;
  }
}
