import { byId, element } from './element.ts';
import { EXAMPLES, readFaults } from './faults.ts';

/** Chosen while something is written that is no example. */
const AS_WRITTEN = 'as-written';

/** What shall fail in the calls of the page's phone: some examples, and a field for all else. */
export class FaultChoice {
  readonly #choice = byId('phone-faults-choice', HTMLSelectElement);
  readonly #field = byId('phone-faults', HTMLInputElement);
  readonly #hint = byId('phone-faults-hint', HTMLElement);
  readonly #on = byId('phone-faults-on', HTMLElement);
  readonly #fold = byId('phone-faults-fold', HTMLDetailsElement);
  #inCall = false;

  /** @param onChanged something else is wanted, and can be: also in the middle of a call */
  constructor(onChanged: () => void) {
    for (const [title, faults] of [...EXAMPLES, ['As written below', AS_WRITTEN]] as const) {
      const option = element('option', '', title);
      option.value = faults;
      this.#choice.append(option);
    }
    const changed = () => {
      if (this.#draw()) onChanged();
    };
    this.#choice.addEventListener('change', () => {
      if (this.#choice.value === AS_WRITTEN) {
        this.#field.focus();
        return;
      }
      this.#field.value = this.#choice.value;
      changed();
    });
    this.#field.addEventListener('input', () => this.#draw());
    this.#field.addEventListener('change', changed);
    this.#draw();
  }

  /** Whether what is written is of the call that goes on. */
  set inCall(inCall: boolean) {
    if (inCall === this.#inCall) return;
    this.#inCall = inCall;
    this.#draw();
  }

  /** What is wanted. Undefined where it is wrong: the field says why, and has the focus. */
  get wanted(): string | undefined {
    if (this.#draw()) return this.#field.value.trim();
    this.#fold.open = true;
    this.#field.focus();
    return undefined;
  }

  /** The emulator would not have it. */
  refused(problem: string): void {
    this.#fold.open = true;
    this.#say(problem, false);
  }

  #draw(): boolean {
    const text = this.#field.value;
    const { hint, isGood } = readFaults(text, this.#inCall);
    this.#choice.value = EXAMPLES.some(([, faults]) => faults === text.trim()) ? text.trim() : AS_WRITTEN;
    this.#on.textContent = isGood && text.trim() !== '' ? text.trim() : '';
    this.#say(hint, isGood);
    return isGood;
  }

  #say(hint: string, isGood: boolean): void {
    this.#hint.textContent = hint;
    this.#hint.classList.toggle('wrong', !isGood);
    this.#field.setAttribute('aria-invalid', String(!isGood));
  }
}
