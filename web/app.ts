import type { BrowserMessage } from '../shared/protocol/browser.ts';
import type { Connection } from './connection.ts';
import { type Dialogue, EMPTY_DIALOGUE, note, tell } from './dialogue.ts';
import { DialogueView } from './dialogue-view.ts';
import { byId } from './element.ts';
import { LevelStrip } from './meters.ts';
import { PhonePanel } from './phone-panel.ts';
import type { PlaybackReport } from './playback-buffer.ts';
import { fetchServerSettings, isServerFull } from './server.ts';
import { Talk } from './talk.ts';
import { type TalkMood, talkStatus } from './talk-status.ts';
import { TroubleView } from './trouble-view.ts';

const SESSION_KEY = 'parley.session';
const QUIET: TalkMood = { playing: false, hearing: false, thinking: false, muted: false };

/** The page: one talk at a time, the dialogue, and the phone beside it. */
class App {
  readonly #talkButton = byId('talk', HTMLButtonElement);
  readonly #muteButton = byId('mute', HTMLButtonElement);
  readonly #interruptButton = byId('interrupt', HTMLButtonElement);
  readonly #status = byId('status', HTMLElement);
  readonly #callerLevel = new LevelStrip(byId('mic-level', HTMLCanvasElement));
  readonly #agentStrip = byId('agent-level', HTMLCanvasElement);
  readonly #agentLevel = new LevelStrip(this.#agentStrip);
  readonly #view = new DialogueView(byId('dialogue', HTMLElement), document.querySelector('main') ?? document.body);
  readonly #trouble = new TroubleView();
  #dialogue: Dialogue = EMPTY_DIALOGUE;
  #connection: Connection = { name: 'idle' };
  #mood: TalkMood = QUIET;
  #talk: Talk | undefined;
  #phone: PhonePanel | undefined;

  constructor() {
    this.#talkButton.addEventListener('click', () => (this.#talk ? this.#stop() : this.#start()));
    this.#muteButton.addEventListener('click', () => this.#toggleMute());
    this.#interruptButton.addEventListener('click', () => this.#talk?.interrupt());
    document.addEventListener('keydown', (event) => this.#onKey(event));
    this.#draw();
  }

  /** What the server says of itself; without it the page still talks. */
  async greet(): Promise<void> {
    const settings = await fetchServerSettings();
    if (settings === undefined) return;
    byId('who', HTMLElement).textContent = `agent: ${settings.agent}`;
    byId('hints', HTMLElement).hidden = settings.agent !== 'orders';
    if (settings.emulatorUrl === null) return;
    this.#phone = new PhonePanel(settings.emulatorUrl, {
      onCall: () => this.#stop(),
      onTrouble: (trouble) => this.#trouble.show(trouble),
    });
  }

  #start(): void {
    this.#phone?.hangUp();
    this.#trouble.hide();
    const sessionId = sessionStorage.getItem(SESSION_KEY) ?? crypto.randomUUID();
    sessionStorage.setItem(SESSION_KEY, sessionId);
    const talk = new Talk(sessionId, {
      onConnection: (connection) => this.#onConnection(connection),
      onMessage: (message) => this.#onMessage(message),
      onMood: (mood) => {
        this.#mood = mood;
        this.#draw();
      },
      onCallerLevel: (level) => this.#callerLevel.push(level),
      onPlayback: (report) => this.#onPlayback(report),
      onTrouble: (trouble) => {
        this.#ended();
        this.#trouble.show(trouble);
      },
    });
    this.#talk = talk;
    this.#connection = { name: 'connecting', attempt: 1 };
    this.#draw();
    void talk.open();
  }

  #stop(): void {
    const talk = this.#talk;
    if (talk === undefined) return;
    sessionStorage.removeItem(SESSION_KEY);
    talk.close();
    this.#ended();
  }

  #ended(): void {
    this.#talk = undefined;
    this.#connection = { name: 'closed' };
    this.#mood = QUIET;
    this.#callerLevel.clear();
    this.#agentLevel.clear();
    this.#draw();
  }

  #onPlayback({ level, underruns, droppedMs }: PlaybackReport): void {
    this.#agentLevel.push(level);
    this.#agentStrip.title = `Playback: ${underruns} gaps, ${Math.round(droppedMs)} ms dropped`;
  }

  #onConnection(connection: Connection): void {
    this.#connection = connection;
    if (connection.name === 'open') this.#trouble.hide();
    if (connection.name === 'waiting') void this.#explainWait(connection);
    if (connection.name === 'closed') this.#onClosed(connection);
    this.#draw();
  }

  async #explainWait(waiting: Extract<Connection, { name: 'waiting' }>): Promise<void> {
    const action = { label: 'Try now', run: () => this.#talk?.retryNow() };
    this.#trouble.show(waiting.trouble, action);
    // A refused upgrade looks the same as no server at all: only plain HTTP can tell.
    const full = waiting.trouble !== 'server-full' && (await isServerFull());
    if (full && this.#connection === waiting) this.#trouble.show('server-full', action);
  }

  #onClosed({ trouble }: Extract<Connection, { name: 'closed' }>): void {
    if (trouble !== 'other-tab') this.#remark('The conversation is over.');
    sessionStorage.removeItem(SESSION_KEY);
    this.#ended();
    if (trouble === undefined) return;
    this.#trouble.show(trouble, { label: 'Start a new one', run: () => this.#start() });
  }

  #onMessage(message: BrowserMessage): void {
    if (message.type === 'session_ready') {
      byId('scripted', HTMLElement).hidden = !message.scripted;
      byId('who', HTMLElement).textContent = `agent: ${message.agent}`;
      if (this.#dialogue.lines.length > 0) {
        this.#remark(message.resumed ? 'Connected again; the conversation goes on.' : 'A new conversation.');
      }
    }
    this.#tell(tell(this.#dialogue, message));
  }

  #remark(text: string): void {
    this.#tell(note(this.#dialogue, text));
  }

  #tell(dialogue: Dialogue): void {
    if (dialogue === this.#dialogue) return;
    this.#dialogue = dialogue;
    byId('welcome', HTMLElement).hidden = dialogue.lines.length > 0;
    this.#view.draw(dialogue);
  }

  #toggleMute(): void {
    if (this.#talk) this.#talk.muted = !this.#mood.muted;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    if (event.key === 'Escape') this.#talk?.interrupt();
    if (event.key === 'm' || event.key === 'M') this.#toggleMute();
  }

  #draw(): void {
    const talking = this.#talk !== undefined;
    const status = talkStatus(this.#connection, this.#mood);
    if (this.#status.textContent !== status) this.#status.textContent = status;
    this.#talkButton.textContent = talking ? 'Stop' : 'Start talking';
    this.#talkButton.classList.toggle('active', talking);
    this.#muteButton.hidden = !talking;
    this.#muteButton.textContent = this.#mood.muted ? 'Unmute' : 'Mute';
    this.#muteButton.setAttribute('aria-pressed', String(this.#mood.muted));
    this.#interruptButton.hidden = !talking;
    this.#interruptButton.disabled = !this.#mood.playing;
    document.body.dataset.agent = this.#mood.playing ? 'speaking' : 'quiet';
  }
}

await new App().greet();
