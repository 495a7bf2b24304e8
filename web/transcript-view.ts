import { type Line, speakerName } from './dialogue.ts';
import { element } from './element.ts';
import { lineView } from './line-view.ts';
import { type Part, type Transcript, timeOf } from './transcript.ts';

/** Nearer to the end than this counts as following the dialogue. */
const FOLLOWING_PX = 48;

interface DrawnPart {
  readonly view: HTMLElement;
  readonly heading: HTMLElement;
  readonly session: HTMLButtonElement;
  readonly trace: HTMLButtonElement;
  readonly list: HTMLElement;
  readonly lines: Map<number, { readonly line: Line; readonly view: HTMLElement }>;
  part?: Part;
}

/** Shows a transcript, and follows its end unless its reader has gone elsewhere. Only lines that changed are drawn again, so what is selected or opened stays so. */
export class TranscriptView {
  readonly #root: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #announcer: HTMLElement;
  readonly #drawn = new Map<number, DrawnPart>();
  #following = true;

  /** @param announcer a live region: the agent speaks for itself, everything else is read out */
  constructor(root: HTMLElement, scroller: HTMLElement, announcer: HTMLElement) {
    this.#root = root;
    this.#scroller = scroller;
    this.#announcer = announcer;
    const look = () => {
      const { scrollHeight, scrollTop, clientHeight } = scroller;
      this.#following = scrollHeight - scrollTop - clientHeight < FOLLOWING_PX;
    };
    scroller.addEventListener('scroll', look);
    // Whoever opens something wants to read it.
    root.addEventListener('click', ({ target }) => {
      const opened = target instanceof Element ? target.closest('summary')?.parentElement : undefined;
      if (!opened) return;
      requestAnimationFrame(() => {
        opened.scrollIntoView({ block: 'nearest' });
        look();
      });
    });
    new ResizeObserver(() => this.#follow()).observe(scroller);
  }

  draw({ parts }: Transcript): void {
    for (const [id, { view }] of this.#drawn) {
      if (parts.some((part) => part.id === id)) continue;
      view.remove();
      this.#drawn.delete(id);
    }
    for (const part of parts) this.#drawPart(part);
    this.#follow();
  }

  #follow(): void {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #drawPart(part: Part): void {
    const drawn = this.#drawn.get(part.id) ?? this.#begin(part);
    if (drawn.part === part) return;
    drawn.part = part;
    if (drawn.heading.textContent !== part.title) drawn.heading.textContent = part.title;
    drawn.session.hidden = part.sessionId === '';
    drawn.trace.hidden = part.sessionId === '';
    // trace-view.ts opens it.
    drawn.trace.dataset.trace = part.sessionId;
    drawn.trace.setAttribute('aria-label', `Trace of: ${part.title}`);
    if (!drawn.session.dataset.copied) {
      drawn.session.replaceChildren(element('span', 'wide', 'session '), `${shortId(part.sessionId)} · copy`);
    }
    const { lines } = part.dialogue;
    for (const [id, { view }] of drawn.lines) {
      if (lines.some((line) => line.id === id)) continue;
      view.remove();
      drawn.lines.delete(id);
    }
    for (const [at, line] of lines.entries()) this.#drawLine(drawn, line, at);
  }

  #begin(part: Part): DrawnPart {
    this.#following = true;
    const session = element('button', 'plain');
    session.type = 'button';
    session.addEventListener('click', () => void copy(session, this.#drawn.get(part.id)?.part?.sessionId ?? ''));
    const trace = element('button', 'plain', 'trace');
    trace.type = 'button';
    const list = element('ol', 'lines');
    const heading = element('h2', '', part.title);
    heading.id = `part-${part.id}`;
    const head = element('div', 'part-head', heading, element('span', '', timeOf(part.startedAt)), trace, session);
    const view = element('section', `part ${part.kind}`, head, list);
    view.setAttribute('aria-labelledby', heading.id);
    this.#root.append(view);
    const drawn = { view, heading, session, trace, list, lines: new Map() };
    this.#drawn.set(part.id, drawn);
    return drawn;
  }

  #drawLine({ list, lines }: DrawnPart, line: Line, at: number): void {
    const before = lines.get(line.id);
    if (before?.line === line && list.children[at] === before.view) return;
    const view = before?.line === line ? before.view : lineView(line);
    if (before !== undefined && before.view !== view) {
      keepOpen(before.view, view);
      before.view.replaceWith(view);
    }
    if (list.children[at] !== view) list.insertBefore(view, list.children[at] ?? null);
    lines.set(line.id, { line, view });
    this.#announce(line, before?.line);
  }

  #announce(line: Line, before: Line | undefined): void {
    const isNews = line.kind === 'note' ? before === undefined : line.kind === 'caller' && line.turn !== undefined;
    if (isNews && line.text !== before?.text) {
      this.#announcer.textContent = line.kind === 'caller' ? `${speakerName(line.speaker)}: ${line.text}` : line.text;
    }
  }
}

const shortId = (id: string): string => (id.length > 13 ? `${id.slice(0, 8)}…` : id);

/** Copies a text and says on the button that it did. */
export async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  const label = [...button.childNodes];
  if (button.dataset.copied) return;
  button.dataset.copied = 'yes';
  button.textContent = await navigator.clipboard.writeText(text).then(
    () => 'copied',
    () => 'could not be copied',
  );
  setTimeout(() => {
    delete button.dataset.copied;
    button.replaceChildren(...label);
  }, 1500);
}

/** What was opened stays open in a line's new view, and what had the focus keeps it. */
function keepOpen(before: HTMLElement, after: HTMLElement): void {
  const active = document.activeElement?.closest('details');
  for (const old of before.querySelectorAll('details')) {
    const now = [...after.querySelectorAll('details')].find(({ dataset }) => dataset.key === old.dataset.key);
    if (now === undefined) continue;
    now.open = old.open;
    if (old === active) queueMicrotask(() => now.querySelector('summary')?.focus());
  }
}
