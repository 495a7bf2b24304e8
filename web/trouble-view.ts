import { byId } from './element.ts';
import { describeTrouble, type TroubleName } from './trouble.ts';

export interface TroubleAction {
  readonly label: string;
  readonly run: () => void;
}

/** The bar under the page's head that says what went wrong and what to do. */
export class TroubleView {
  readonly #bar = byId('trouble', HTMLElement);
  readonly #title = byId('trouble-title', HTMLElement);
  readonly #advice = byId('trouble-advice', HTMLElement);
  readonly #button = byId('trouble-action', HTMLButtonElement);

  /** @param said what the server itself said of it, where it did */
  show(name: TroubleName, action?: TroubleAction, said?: string): void {
    const { title, advice: usual } = describeTrouble(name);
    // The code in front is for programs.
    const advice = said ? `${said.replace(/^[a-z.-]+: /, '')} ${usual}` : usual;
    // Set only when they change: each change is read out.
    if (this.#title.textContent !== title) this.#title.textContent = title;
    if (this.#advice.textContent !== advice) this.#advice.textContent = advice;
    this.#button.hidden = action === undefined;
    this.#button.textContent = action?.label ?? '';
    this.#button.onclick = action?.run ?? null;
    this.#bar.hidden = false;
  }

  hide(): void {
    this.#bar.hidden = true;
  }
}
