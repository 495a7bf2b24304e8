import type { AgentLine, CallerLine, Dialogue, Line, ToolUse } from './dialogue.ts';
import { element } from './element.ts';
import { latencyView } from './latency-view.ts';

/** Within this of the end, the reader follows the conversation; further up, he is reading and is left alone. */
const FOLLOW_PX = 80;

/** Draws the dialogue. Lines are immutable, so a line that is the same object is not drawn again. */
export class DialogueView {
  readonly #list: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #drawn = new Map<number, { line: Line; view: HTMLElement }>();

  constructor(list: HTMLElement, scroller: HTMLElement) {
    this.#list = list;
    this.#scroller = scroller;
  }

  draw({ lines }: Dialogue): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const following = scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
    const kept = new Set(lines.map(({ id }) => id));
    for (const [id, { view }] of this.#drawn) {
      if (kept.has(id)) continue;
      view.remove();
      this.#drawn.delete(id);
    }
    for (const [at, line] of lines.entries()) this.#drawLine(line, at);
    if (following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #drawLine(line: Line, at: number): void {
    const before = this.#drawn.get(line.id);
    const view = before?.line === line ? before.view : lineView(line);
    if (before !== undefined && before.view !== view) before.view.replaceWith(view);
    if (this.#list.children[at] !== view) this.#list.insertBefore(view, this.#list.children[at] ?? null);
    this.#drawn.set(line.id, { line, view });
  }
}

function lineView(line: Line): HTMLElement {
  switch (line.kind) {
    case 'caller':
      return callerView(line);
    case 'agent':
      return agentView(line);
    case 'note':
      return element('li', 'note', line.text);
  }
}

function callerView(line: CallerLine): HTMLElement {
  const open = line.turn === undefined;
  const view = element(
    'li',
    open ? 'line caller open' : 'line caller',
    element('span', 'speaker', 'You'),
    element('p', 'words', line.text),
  );
  // Words that still change would be read out again and again.
  if (open) view.setAttribute('aria-hidden', 'true');
  return view;
}

function agentView(line: AgentLine): HTMLElement {
  const said = element('div', 'said');
  if (line.tools.length > 0) said.append(element('div', 'tools', ...line.tools.map(toolView)));
  if (line.text !== '') said.append(element('p', 'words', ...spokenWords(line)));
  if (line.latency) said.append(latencyView(line.latency));
  const view = element('li', 'line agent', element('span', 'speaker', 'Agent'), said);
  if (!line.spoken) view.setAttribute('aria-busy', 'true');
  return view;
}

function spokenWords({ text, spoken }: AgentLine): (Node | string)[] {
  if (!spoken?.cutOff) return [text];
  const unheard = element('s', '', element('span', 'sr-only', 'Not heard: '), spoken.unheard);
  const label = element('span', 'cut-off', 'cut off');
  return spoken.unheard === '' ? [spoken.heard, label] : [spoken.heard, unheard, label];
}

function toolView({ name, state, elapsedMs }: ToolUse): HTMLElement {
  const words = name.replaceAll('_', ' ');
  const after = elapsedMs === undefined ? '' : ` · ${Math.round(elapsedMs)} ms`;
  return element('span', `tool ${state}`, state === 'failed' ? `${words} failed${after}` : `${words}${after}`);
}
