import { byId } from '../element.ts';
import { answersIn, type PageMode, rateOf, titleOf } from './offered-mode.ts';

/** What the page says where the agent, or the deployment, decides. */
const UNASKED = 'as the agent says';

/**
 * The choice of what is done with the line, and the sign of what is being done with it. Hidden where this deployment has
 * only one mode.
 */
export class ModeChoice {
  readonly #field = byId('mode-field', HTMLElement);
  readonly #select = byId('mode', HTMLSelectElement);
  /** That of the chosen agent, where it has one. */
  ofAgent: string | undefined;
  #modes: readonly PageMode[] = [];
  #on: string | undefined;
  #asked = new URLSearchParams(location.search).get('streaming_mode') ?? '';

  constructor(onChange: () => void) {
    this.#select.addEventListener('change', () => {
      this.#asked = this.#select.value;
      onChange();
    });
  }

  offer(modes: readonly PageMode[]): void {
    this.#modes = modes;
    this.#field.hidden = modes.length < 2;
    this.#select.replaceChildren(new Option(UNASKED, ''), ...modes.map(({ name, title }) => new Option(title, name)));
    this.#show(this.#asked);
  }

  /** What the person has chosen; undefined: whatever the agent or the deployment says. */
  get asked(): string | undefined {
    return this.#asked === '' ? undefined : this.#asked;
  }

  /** The rate at which to ask for the agent's voice, in Hz. */
  get sampleRate(): number {
    return rateOf(this.#modes, this.asked ?? this.ofAgent);
  }

  /** Whether somebody answers in the mode that is on, or would be. */
  get answers(): boolean {
    return answersIn(this.#modes, this.#on ?? this.asked ?? this.ofAgent);
  }

  /** A talk or a call is in that mode now. */
  isOn(mode: string): void {
    this.#on = mode;
    this.#show(mode);
  }

  /** Nothing is on any more: the choice is shown again. */
  isOff(): void {
    this.#on = undefined;
    this.#show(this.#asked);
  }

  set disabled(disabled: boolean) {
    this.#select.disabled = disabled;
  }

  /** The title of a talk or a call that is in that mode. */
  named(title: string, mode: string): string {
    const how = titleOf(this.#modes, mode);
    return how === undefined ? title : `${title} · ${how}`;
  }

  #show(mode: string): void {
    this.#select.value = mode;
    // What the server does not offer was never asked for.
    if (this.#select.value !== mode) this.#select.value = '';
  }
}
