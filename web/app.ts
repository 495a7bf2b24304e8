import type { BrowserMessage } from '../shared/protocol/browser.ts';
import { AgentChoice } from './agent-choice.ts';
import { ask } from './ask.ts';
import { CallWatch } from './call-watch.ts';
import type { Connection } from './connection.ts';
import { Devices } from './devices.ts';
import { type Dialogue, note, seal, tell } from './dialogue.ts';
import { byId } from './element.ts';
import { faultNote } from './faults.ts';
import { bindKeys } from './keys.ts';
import { LevelStrip } from './meters.ts';
import { ModeChoice } from './modes/mode-choice.ts';
import { PageMemory } from './page-memory.ts';
import { PhonePanel } from './phone-panel.ts';
import type { PlaybackReport } from './playback-buffer.ts';
import { fetchAgents, fetchModes, fetchServerSettings, isServerFull } from './server.ts';
import { spentText } from './spent.ts';
import { Talk } from './talk.ts';
import { type TalkMood, talkStatus } from './talk-status.ts';
import { begin, change, end, type Part, type Transcript, withDialogue, withSpent } from './transcript.ts';
import { bindTranscriptActions } from './transcript-actions.ts';
import { TranscriptView } from './transcript-view.ts';
import { AudioTrouble, TYPED_INSTEAD } from './trouble.ts';
import { TroubleView } from './trouble-view.ts';
import { noticeNote, unansweredNote } from './unanswered.ts';

const QUIET: TalkMood = { playing: false, hearing: false, thinking: false, muted: false };

/** The page: one talk or one call at a time, and all that was said in them. */
class App {
  readonly #talkButton = byId('talk', HTMLButtonElement);
  readonly #freshButton = byId('fresh', HTMLButtonElement);
  readonly #muteButton = byId('mute', HTMLButtonElement);
  readonly #interruptButton = byId('interrupt', HTMLButtonElement);
  readonly #status = byId('status', HTMLElement);
  readonly #typed = byId('typed', HTMLInputElement);
  readonly #callerLevel = new LevelStrip(byId('mic-level', HTMLCanvasElement));
  readonly #agentLevel = new LevelStrip(byId('agent-level', HTMLCanvasElement));
  readonly #trouble = new TroubleView();
  readonly #agents = new AgentChoice(() => this.#draw());
  readonly #modes = new ModeChoice(() => this.#draw());
  readonly #memory = new PageMemory();
  readonly #view = new TranscriptView(
    byId('transcript', HTMLElement),
    byId('main', HTMLElement),
    byId('announcer', HTMLElement),
  );
  readonly #devices = new Devices({
    onMicrophone: () => void this.#changeMicrophone(),
    onSpeaker: () => void Promise.all([this.#talk?.useSpeaker(), this.#phone?.useSpeaker()]),
  });
  #transcript = this.#memory.readTranscript();
  /** The parts that the talk and the phone add to, by id. */
  #talkPart: number | undefined;
  #callPart: number | undefined;
  /** What the server calls us in the phone's call. */
  #self = 'caller';
  #connection: Connection = { name: 'idle' };
  #mood: TalkMood = QUIET;
  #talk: Talk | undefined;
  #phone: PhonePanel | undefined;
  #watch: CallWatch | undefined;

  constructor() {
    this.#talkButton.addEventListener('click', () => (this.#talk ? this.#stop() : void this.#start()));
    this.#freshButton.addEventListener('click', () => {
      this.#talkPart = this.#partOf(this.#memory.sessionId)?.id;
      this.#over('You started a new talk.');
      void this.#start();
    });
    this.#muteButton.addEventListener('click', () => this.#toggleMute());
    this.#interruptButton.addEventListener('click', () => this.#talk?.interrupt());
    byId('composer', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#say(this.#typed.value);
      this.#typed.value = '';
    });
    for (const hint of document.querySelectorAll<HTMLButtonElement>('#hints button')) {
      hint.addEventListener('click', () => this.#say(hint.textContent));
    }
    bindTranscriptActions(() => this.#transcript);
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.#clear());
    bindKeys({ onMute: () => this.#toggleMute(), onSilence: () => this.#modes.answers && this.#talk?.interrupt() });
    // Without a pointer, too, one must be able to scroll.
    byId('main', HTMLElement).tabIndex = 0;
    this.#foundAgain();
    this.#show(this.#transcript);
    this.#draw();
  }

  /** What the server says of itself; without it the page still talks. */
  async greet(): Promise<void> {
    const [settings, agents, modes] = await Promise.all([fetchServerSettings(), fetchAgents(), fetchModes()]);
    if (settings === undefined) return;
    this.#agents.offer(agents, settings.agent);
    this.#modes.offer(modes);
    addEventListener('focus', () => void this.#refreshAgents());
    byId('version', HTMLElement).textContent = settings.version;
    byId('scripted', HTMLElement).hidden = !settings.scripted;
    this.#draw();
    if (settings.emulatorUrl === null) return;
    this.#phone = new PhonePanel(settings.emulatorUrl, this.#devices, {
      asked: () => ({ agent: this.#agents.asked, mode: this.#modes.asked }),
      onPlugged: (plugged) => this.#watchCalls(plugged),
      mayCall: () => this.#mayCall(),
      onConnected: ({ title, self, callConnectionId }) => {
        this.#trouble.hide();
        this.#self = self;
        this.#callPart = this.#begin({ kind: 'call', title, sessionId: '' });
        this.#watch?.follow(callConnectionId);
      },
      onFault: (...fault) => this.#tell(this.#callPart, (dialogue) => note(dialogue, faultNote(...fault), Date.now())),
      onEnded: (news) => {
        this.#modes.isOff();
        this.#tell(this.#callPart, (dialogue) => note(dialogue, `${news}.`, Date.now()));
      },
      onBusy: () => this.#draw(),
      onTrouble: (trouble, run) => this.#trouble.show(trouble, run && { label: 'Type instead', run }),
    });
  }

  /** @param typed without a microphone */
  async #start(typed = false): Promise<void> {
    this.#trouble.hide();
    const sessionId = this.#memory.sessionToAsk;
    this.#talkPart = this.#partOf(this.#memory.sessionId)?.id;
    const talk = new Talk(
      {
        sessionId,
        agent: this.#agents.asked,
        mode: this.#modes.asked,
        sampleRate: this.#modes.sampleRate,
        devices: this.#devices,
        typed,
      },
      {
        onConnection: (connection) => this.#onConnection(connection),
        onMessage: (message) => (this.#talk === talk ? this.#onMessage(message) : this.#onLastWord(sessionId, message)),
        onMood: (mood) => {
          this.#mood = mood;
          this.#draw();
        },
        onCallerLevel: (level) => this.#callerLevel.push(level),
        onPlayback: (report) => this.#onPlayback(report),
        onTrouble: (trouble) => {
          if (trouble === 'microphone-gone') this.#devices.forgetMicrophone();
          this.#ended();
          const typing = { label: 'Type instead', run: () => void this.#start(true) };
          this.#trouble.show(trouble, TYPED_INSTEAD.has(trouble) ? typing : undefined);
        },
      },
    );
    this.#talk = talk;
    this.#connection = { name: 'connecting', attempt: 1 };
    this.#draw();
    await talk.open();
    await this.#devices.refresh();
  }

  #stop(): void {
    const talk = this.#talk;
    if (talk === undefined) return;
    this.#over('You ended the talk.');
    this.#ended();
    talk.close();
  }

  /** The talk is over for good. */
  #over(how: string): void {
    this.#memory.sessionId = undefined;
    this.#change(this.#talkPart, (part) => end(part, how, Date.now()));
    this.#talkPart = undefined;
  }

  #ended(): void {
    this.#talk = undefined;
    this.#connection = { name: 'closed' };
    this.#mood = QUIET;
    this.#modes.isOff();
    this.#callerLevel.clear();
    this.#agentLevel.clear();
    this.#draw();
  }

  #say(text: string): void {
    const said = text.trim();
    if (said === '') return;
    if (this.#talk) this.#talk.type(said);
    else this.#phone?.say(said);
  }

  #onPlayback({ level, underruns, droppedMs }: PlaybackReport): void {
    this.#agentLevel.push(level);
    const text = `${underruns} gaps, ${Math.round(droppedMs)} ms dropped`;
    const playback = byId('playback', HTMLElement);
    if (playback.textContent !== text) playback.textContent = text;
  }

  #onConnection(connection: Connection): void {
    if (this.#talk === undefined) return;
    this.#connection = connection;
    if (connection.name === 'open') this.#trouble.hide();
    if (connection.name === 'waiting') {
      this.#tell(this.#talkPart, (dialogue) => seal(dialogue));
      void this.#explainWait(connection);
    }
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

  #onClosed({ trouble, reason }: Extract<Connection, { name: 'closed' }>): void {
    this.#over(trouble === 'other-tab' ? 'The talk went on in another tab.' : 'The talk is over.');
    this.#ended();
    if (trouble === undefined) return;
    this.#trouble.show(trouble, { label: 'Start a new one', run: () => void this.#start() }, reason);
  }

  #onMessage(message: BrowserMessage): void {
    if (message.type === 'session_ready') this.#onReady(message);
    this.#tell(this.#talkPart, (dialogue) => tell(dialogue, message, Date.now()));
  }

  /** What a talk that is over has come to in the end. */
  #onLastWord(sessionId: string, message: BrowserMessage): void {
    if (message.type !== 'call_spent') return;
    const id = this.#transcript.parts.findLast((part) => part.sessionId === sessionId)?.id;
    this.#change(id, (part) => withSpent(part, spentText(message), Date.now()));
  }

  #onReady({ session_id, agent, mode, scripted }: Extract<BrowserMessage, { type: 'session_ready' }>): void {
    byId('scripted', HTMLElement).hidden = !scripted;
    this.#memory.sessionId = session_id;
    this.#modes.isOn(mode);
    const before = this.#transcript.parts.find(({ id }) => id === this.#talkPart);
    if (before?.sessionId === session_id) {
      this.#tell(before.id, (dialogue) => note(seal(dialogue), 'Connected again; the talk goes on.', Date.now()));
      return;
    }
    if (before) this.#change(before.id, (part) => end(part, 'This talk is over on the server.', Date.now()));
    this.#talkPart = this.#begin({
      kind: 'talk',
      title: this.#modes.named(`Talk with ${agent}`, mode),
      sessionId: session_id,
    });
    this.#tell(this.#talkPart, (dialogue) => this.#introduced(dialogue, agent));
  }

  /** A dialogue that begins, with what must be known of it. */
  #introduced(dialogue: Dialogue, agent: string): Dialogue {
    if (this.#modes.answers) return dialogue;
    return note(dialogue, unansweredNote(this.#agents.find(agent)?.notice), Date.now());
  }

  /** A reload has left a talk, which can go on. */
  #foundAgain(): void {
    const part = this.#partOf(this.#memory.sessionId);
    if (part === undefined) return;
    this.#transcript = change(this.#transcript, part.id, ({ dialogue, ...rest }) => ({
      ...rest,
      dialogue: note(dialogue, 'This page was loaded again. The talk can go on where it was.', Date.now()),
    }));
  }

  #partOf(sessionId: string | undefined): Part | undefined {
    return this.#transcript.parts.findLast(
      (part) => part.kind === 'talk' && !part.over && part.sessionId === sessionId,
    );
  }

  async #mayCall(): Promise<boolean> {
    if (this.#talk === undefined) return true;
    if (!(await ask('You are in a talk. A phone call ends it.', 'End the talk and call', 'Go on talking')))
      return false;
    this.#stop();
    return true;
  }

  #watchCalls(plugged: boolean): void {
    this.#watch?.close();
    this.#watch = undefined;
    if (!plugged) return;
    this.#watch = new CallWatch({
      origin: location.origin.replace(/^http/, 'ws'),
      onMessage: (message) => {
        if (message.type === 'session_ready') {
          const { session_id: sessionId, agent, mode } = message;
          this.#modes.isOn(mode);
          this.#change(this.#callPart, (part) => {
            // A call that is picked up again says it again.
            if (part.sessionId !== '') return { ...part, sessionId };
            const title = this.#modes.named(`${part.title} with ${agent}`, mode);
            return { ...part, sessionId, title, dialogue: this.#introduced(part.dialogue, agent) };
          });
          this.#draw();
        }
        this.#tell(this.#callPart, (dialogue) => tell(dialogue, message, Date.now(), this.#self));
        if (message.type === 'session_end') this.#tell(this.#callPart, (dialogue) => seal(dialogue, 'ended here'));
      },
      onLost: () => {
        if (!this.#phone?.busy) return;
        const text = 'What is said in the call cannot be shown for the moment: the server does not tell.';
        this.#tell(this.#callPart, (dialogue) => note(dialogue, text, Date.now()));
      },
    });
  }

  async #changeMicrophone(): Promise<void> {
    try {
      await Promise.all([this.#talk?.useMicrophone(), this.#phone?.useMicrophone()]);
    } catch (error) {
      this.#devices.forgetMicrophone();
      this.#trouble.show(error instanceof AudioTrouble ? error.trouble : 'audio-failed');
    }
  }

  /** Agents come and go while the server runs. */
  async #refreshAgents(): Promise<void> {
    this.#agents.offer(await fetchAgents());
    this.#draw();
  }

  #begin(part: Pick<Part, 'kind' | 'title' | 'sessionId'>): number {
    const id = this.#transcript.nextId;
    this.#show(begin(this.#transcript, { ...part, startedAt: Date.now() }));
    return id;
  }

  #tell(id: number | undefined, told: (dialogue: Dialogue) => Dialogue): void {
    this.#change(id, (part) => withDialogue(part, told(part.dialogue)));
  }

  #change(id: number | undefined, changed: (part: Part) => Part): void {
    if (id !== undefined) this.#show(change(this.#transcript, id, changed));
  }

  #show(transcript: Transcript): void {
    if (transcript !== this.#transcript) this.#memory.keep(transcript);
    this.#transcript = transcript;
    const empty = transcript.parts.length === 0;
    byId('welcome', HTMLElement).hidden = !empty;
    byId('transcript-actions', HTMLElement).hidden = empty;
    this.#view.draw(transcript);
  }

  /** Takes away all that is over. */
  #clear(): void {
    const live = [
      this.#talkPart,
      this.#phone?.busy ? this.#callPart : undefined,
      this.#partOf(this.#memory.sessionId)?.id,
    ];
    this.#show({ ...this.#transcript, parts: this.#transcript.parts.filter(({ id }) => live.includes(id)) });
  }

  #toggleMute(): void {
    if (this.#talk) this.#talk.muted = !this.#mood.muted;
  }

  #draw(): void {
    const talking = this.#talk !== undefined;
    const waiting = !talking && this.#partOf(this.#memory.sessionId) !== undefined;
    const onPhone = this.#phone?.busy ?? false;
    const agent = this.#agents.find(this.#agents.name);
    this.#modes.ofAgent = agent?.mode;
    const { answers } = this.#modes;
    document.body.dataset.answers = String(answers);
    byId('notice', HTMLElement).textContent = noticeNote(agent?.notice);
    const status = talkStatus(this.#connection, this.#mood, { waiting, onPhone, answers });
    if (this.#status.textContent !== status) this.#status.textContent = status;
    this.#talkButton.textContent = talking ? 'End talk' : waiting ? 'Go on talking' : 'Start talking';
    this.#talkButton.classList.toggle('active', talking);
    this.#talkButton.hidden = onPhone;
    this.#freshButton.hidden = !waiting || onPhone;
    this.#muteButton.hidden = !talking;
    byId('mute-word', HTMLElement).textContent = this.#mood.muted ? 'Unmute' : 'Mute';
    this.#muteButton.setAttribute('aria-pressed', String(this.#mood.muted));
    this.#interruptButton.hidden = !talking;
    this.#interruptButton.disabled = !this.#mood.playing;
    const mayType = talking || (this.#phone?.hears ?? false);
    byId('composer', HTMLElement).hidden = !mayType;
    this.#typed.disabled = talking && this.#connection.name !== 'open';
    const isDemo = this.#agents.name === 'orders';
    byId('hints', HTMLElement).hidden = !mayType || !isDemo;
    byId('welcome-hints', HTMLElement).hidden = !isDemo;
    this.#agents.disabled = talking || waiting || onPhone;
    this.#modes.disabled = talking || waiting || onPhone;
    document.body.dataset.agent = this.#mood.playing ? 'speaking' : 'quiet';
    document.body.dataset.talking = String(talking);
  }
}

await new App().greet();
