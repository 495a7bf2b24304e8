import { dependenciesIn, figuresOf, isTrouble, type PageDependency, summaryOf, titleOf } from './dependencies.ts';
import { byId, element } from './element.ts';
import { fetchDependencies } from './server.ts';

/** While somebody looks at it, and else. */
const LOOK_MS = 5_000;
const GLANCE_MS = 30_000;

/**
 * The services that the server needs: a list under the settings and, where one fails, a chip in the page's head that leads
 * to it. A server that does not tell the page has neither.
 */
class DependenciesView {
  readonly #panel = byId('services', HTMLElement);
  readonly #list = byId('services-list', HTMLElement);
  readonly #chip = byId('services-chip', HTMLButtonElement);
  readonly #chipWords = byId('services-summary', HTMLElement);
  readonly #button = byId('services-button', HTMLButtonElement);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawn = '';

  constructor() {
    // Without a pointer, too, one must be able to scroll.
    this.#list.tabIndex = 0;
    this.#panel.addEventListener('toggle', () => void this.#look());
    document.addEventListener('visibilitychange', () => void this.#look());
    void this.#look();
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.visibilityState === 'hidden') return;
    const dependencies = dependenciesIn(await fetchDependencies());
    this.#draw(dependencies);
    clearTimeout(this.#timer);
    if (dependencies === undefined && this.#drawn === '') return;
    // Nobody wants to be told for long that something fails which works again.
    const isWatched = this.#panel.matches(':popover-open') || !this.#chip.hidden;
    this.#timer = setTimeout(() => void this.#look(), isWatched ? LOOK_MS : GLANCE_MS);
  }

  /** Of a server that does not answer the page tells elsewhere: what was known stands. */
  #draw(dependencies: readonly PageDependency[] | undefined): void {
    if (dependencies === undefined) return;
    const summary = summaryOf(dependencies);
    this.#button.hidden = false;
    this.#chip.hidden = summary === '';
    if (this.#chipWords.textContent !== summary) this.#chipWords.textContent = summary;
    const drawn = JSON.stringify(dependencies);
    if (this.#drawn === drawn) return;
    this.#drawn = drawn;
    this.#list.replaceChildren(...dependencies.map(lineOf));
  }
}

function lineOf(dependency: PageDependency): HTMLElement {
  const { state, advice } = dependency;
  const line = element(
    'li',
    'service',
    element('span', 'service-name', titleOf(dependency)),
    element('span', 'service-state', state),
  );
  line.dataset.state = isTrouble(dependency) ? 'trouble' : state;
  const figures = figuresOf(dependency);
  if (figures !== '') line.append(element('span', 'service-figures', figures));
  if (advice !== undefined && isTrouble(dependency)) line.append(element('p', 'service-advice', advice));
  return line;
}

new DependenciesView();
