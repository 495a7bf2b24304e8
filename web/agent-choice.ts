import { byId } from './element.ts';
import type { PageAgent } from './server.ts';

/** The choice of whom one talks with. Where there is only one agent, its name alone. */
export class AgentChoice {
  readonly #select = byId('agent', HTMLSelectElement);
  readonly #asked = new URLSearchParams(location.search).get('agent') ?? undefined;
  #agents: readonly PageAgent[] = [];
  #usual = '';

  constructor(onChange: () => void) {
    this.#select.addEventListener('change', onChange);
  }

  /** @param usual the agent that answers where none is named */
  offer(agents: readonly PageAgent[], usual: string = this.#usual): void {
    const chosen = this.asked ?? usual;
    this.#agents = agents;
    this.#usual = usual;
    byId('who', HTMLElement).textContent = chosen;
    byId('who-line', HTMLElement).hidden = agents.length > 1;
    byId('agent-field', HTMLElement).hidden = agents.length < 2;
    if (agents.length < 2) return;
    this.#select.replaceChildren(...agents.map(({ name }) => new Option(name, name)));
    this.#select.value = agents.some(({ name }) => name === chosen) ? chosen : usual;
  }

  /** Whom a talk or a call asks for; undefined: whoever the deployment says. */
  get asked(): string | undefined {
    return this.#select.value || this.#asked;
  }

  /** Whoever would answer, by name; empty where the server has not told. */
  get name(): string {
    return this.asked ?? this.#usual;
  }

  /** What the server says of an agent, where it says anything. */
  find(name: string): PageAgent | undefined {
    return this.#agents.find((agent) => agent.name === name);
  }

  set disabled(disabled: boolean) {
    this.#select.disabled = disabled;
  }
}
