import { jsonOf } from '../../shared/json.ts';
import type { ToolRequest } from '../contract/agent.ts';
import type { CallFragment } from './chat-chunk.ts';

/** Calls of one round. A model that wants more has lost its way. */
const MAX_CALLS = 16;
/** All arguments of one round together. */
const MAX_ARGUMENT_CHARS = 64_000;

interface Call {
  readonly index: number | undefined;
  id: string;
  name: string;
  argumentText: string;
}

/**
 * Puts tool calls together from their fragments. Servers tell them apart by index (OpenAI), by id (LiteLLM, Gemini) or
 * not at all (each fragment is a whole call, as Ollama has it).
 */
export class CallAssembly {
  readonly #calls: Call[] = [];
  #characters = 0;
  #refused = 0;

  add(fragments: readonly CallFragment[]): void {
    for (const fragment of fragments) this.#add(fragment);
  }

  get finished(): ToolRequest[] {
    return this.#calls.map(({ id, name, argumentText }) => ({ callId: id, name, argumentText }));
  }

  get count(): number {
    return this.#calls.length;
  }

  /** How many calls were left out because there were too many of them. */
  get refused(): number {
    return this.#refused;
  }

  #add(fragment: CallFragment): void {
    const known = this.#find(fragment);
    if (!known && this.#calls.length >= MAX_CALLS) {
      this.#refused += fragment.name === '' ? 0 : 1;
      return;
    }
    const call = known ?? { index: fragment.index, id: '', name: '', argumentText: '' };
    if (!known) this.#calls.push(call);
    call.id ||= fragment.id;
    call.name ||= fragment.name;
    this.#characters += fragment.argumentText.length;
    if (this.#characters <= MAX_ARGUMENT_CHARS) call.argumentText += fragment.argumentText;
  }

  /** The call that a fragment goes on with; none when it begins another. */
  #find({ index, id, name }: CallFragment): Call | undefined {
    const here = index === undefined ? this.#calls : this.#calls.filter((call) => call.index === index);
    if (id !== '') {
      const same = here.findLast((call) => call.id === id);
      if (same) return name !== '' && startsAnother(same, name) ? undefined : same;
    }
    const last = here.at(-1);
    if (!last || (id !== '' && last.id !== '')) return undefined;
    return name !== '' && startsAnother(last, name) ? undefined : last;
  }
}

/** A server that sends the name with each fragment is told from one that sends whole calls by the arguments so far. */
const startsAnother = (call: Call, name: string): boolean =>
  call.name !== '' && (call.name !== name || jsonOf(call.argumentText) !== undefined);
