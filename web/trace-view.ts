import {
  failureText,
  lengthText,
  type MapEdge,
  roleText,
  type Trace,
  titleOf,
  type WaterfallRow,
  waterfallOf,
  whomText,
} from '../shared/protocol/traces.ts';
import { byId, element } from './element.ts';
import { fetchServerSettings } from './server.ts';
import { describeTrace, factsOf, fetchTrace } from './trace.ts';

/** While it is looked at. */
const LOOK_MS = 2_000;
/** More would make the page slow: an hour's call has thousands. */
const MOST_ROWS = 400;

interface DrawnRow {
  readonly view: HTMLElement;
  readonly bar: HTMLElement;
  readonly length: HTMLElement;
}

/** The trace of a talk or a call, as the emulator has it: a waterfall, and who called whom. Its button stands in the head of each. */
class TraceView {
  readonly #dialog = byId('trace', HTMLDialogElement);
  readonly #title = byId('trace-title', HTMLElement);
  readonly #news = byId('trace-news', HTMLElement);
  readonly #body = byId('trace-body', HTMLElement);
  readonly #list = byId('trace-rows', HTMLElement);
  readonly #map = byId('trace-map', HTMLElement);
  readonly #edges = byId('trace-edges', HTMLElement);
  readonly #rows = new Map<string, DrawnRow>();
  #sessionId: string | undefined;
  #drawn = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    // Without a pointer, too, one must be able to scroll.
    this.#body.tabIndex = 0;
    document.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest('button') : undefined;
      const sessionId = button?.dataset.trace;
      if (sessionId) this.#open(sessionId, button?.closest('section')?.querySelector('h2')?.textContent ?? '');
    });
    this.#dialog.addEventListener('close', () => {
      this.#sessionId = undefined;
      clearTimeout(this.#timer);
    });
  }

  #open(sessionId: string, title: string): void {
    this.#sessionId = sessionId;
    this.#title.textContent = `Trace: ${title}`;
    this.#news.textContent = 'Looking…';
    this.#drawn = '';
    this.#draw(undefined, []);
    this.#dialog.showModal();
    this.#body.focus();
    void this.#look();
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    const sessionId = this.#sessionId;
    if (sessionId === undefined) return;
    const settings = await fetchServerSettings();
    const news = await fetchTrace(settings?.emulatorUrl, sessionId);
    if (this.#sessionId !== sessionId) return;
    const found = news.name === 'found' ? news : undefined;
    const leftOut = Math.max(0, (found?.trace.items.length ?? 0) - MOST_ROWS);
    const text = describeTrace(news, sessionId, leftOut);
    if (this.#news.textContent !== text) this.#news.textContent = text;
    const drawn = JSON.stringify(found ?? news.name);
    // What was seen stands while the emulator is away.
    if (drawn !== this.#drawn && news.name !== 'silent') this.#draw(found?.trace, found?.map.edges ?? []);
    this.#drawn = drawn;
    if (news.name !== 'elsewhere') this.#timer = setTimeout(() => void this.#look(), LOOK_MS);
  }

  #draw(trace: Trace | undefined, edges: readonly MapEdge[]): void {
    const rows = trace === undefined ? [] : waterfallOf(trace).slice(0, MOST_ROWS);
    const seen = new Map<string, number>();
    const keyed = rows.map((row) => {
      const { spanId } = row.span;
      const times = (seen.get(spanId) ?? 0) + 1;
      seen.set(spanId, times);
      return { row, key: `${spanId} ${times}` };
    });
    const kept = new Set(keyed.map(({ key }) => key));
    for (const [key, { view }] of this.#rows) {
      if (kept.has(key)) continue;
      view.remove();
      this.#rows.delete(key);
    }
    for (const [at, { row, key }] of keyed.entries()) {
      const drawn = this.#rows.get(key) ?? rowView(row);
      this.#rows.set(key, drawn);
      place(drawn, row, trace?.durationMs ?? 0);
      const there = this.#list.children[at];
      if (there !== drawn.view) this.#list.insertBefore(drawn.view, there ?? null);
    }
    this.#map.hidden = edges.length === 0;
    this.#edges.replaceChildren(...edges.map(edgeView));
  }
}

/** A line that opens: by a click, or by Enter. */
function rowView({ span, depth, part }: WaterfallRow): DrawnRow {
  const bar = element('i', '');
  const track = element('span', 'bar', bar);
  track.setAttribute('aria-hidden', 'true');
  const name = element('span', 'trace-name', titleOf(span), ' ', element('small', '', roleText(span.role)));
  name.style.setProperty('--depth', String(depth));
  const failure = failureText(span);
  if (failure !== '') name.append(' ', element('strong', '', failure));
  const length = element('span', 'trace-length');
  const facts = element(
    'dl',
    '',
    ...factsOf(span).flatMap(([name, value]) => [element('dt', '', name), element('dd', '', value)]),
  );
  const row = element('details', failure === '' ? '' : 'failed', element('summary', '', name, track, length), facts);
  row.dataset.part = part;
  return { view: element('li', '', row), bar, length };
}

/** A trace that grows makes the bars of before shorter. */
function place({ bar, length }: DrawnRow, { span, offsetMs }: WaterfallRow, wholeMs: number): void {
  const share = (ms: number) => `${wholeMs === 0 ? 0 : (100 * ms) / wholeMs}%`;
  bar.style.left = share(offsetMs);
  bar.style.width = share(span.durationMs);
  length.textContent = `+${lengthText(offsetMs)}, ${lengthText(span.durationMs)}`;
}

function edgeView(edge: MapEdge): HTMLElement {
  const { role, calls, failures, p95Ms } = edge;
  const failed = element('td', failures === 0 ? '' : 'failed', String(failures));
  const from = element('th', '', roleText(role));
  from.scope = 'row';
  return element(
    'tr',
    '',
    from,
    element('td', '', whomText(edge)),
    element('td', '', String(calls)),
    failed,
    element('td', '', lengthText(p95Ms)),
  );
}

new TraceView();
