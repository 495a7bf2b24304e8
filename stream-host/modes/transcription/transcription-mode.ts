import { SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import type { ServiceTranscript } from '../../../shared/carrier/service-transcript.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Mode, ModeHost, ModeKind } from '../../contract/mode.ts';
import type { OnServed } from '../../contract/recorder.ts';
import type { OnUsed, OpenRecogniser, PhraseDetails, Synthesiser } from '../../contract/speech.ts';
import { History } from '../../dialogue/history.ts';
import type { PlayoutClock } from '../../playout/playout.ts';
import { Notice, wasSpoken } from './notice.ts';
import { SpeakerEar } from './speaker-ear.ts';
import { Speakers } from './speakers.ts';

export interface TranscriptionOptions {
  /** A recogniser of one session that hears these languages; one participant gets each. `log` names the session. */
  readonly openRecogniser: (
    log: Logger,
    languages: readonly string[],
    onUsed: OnUsed,
    onServed: OnServed,
  ) => OpenRecogniser;
  /** What is spoken in an agent's calls: one language, or those among which the recogniser finds out. */
  readonly languagesOf: (agent: string) => readonly string[];
  /** What an agent tells the line at the beginning: that it is written down. */
  readonly noticeOf: (agent: string) => string | undefined;
  readonly synthesiser: Synthesiser;
  /** The session's clock, by default. */
  readonly playoutClock?: PlayoutClock | undefined;
  /** ACS hears phone calls itself and sends words, by {@link Mode.transcribed}. Browsers are heard here all the same. */
  readonly acsHears: boolean;
  /** A session begins, whose finished words somebody outside is waiting for. */
  readonly onOpen?: (sessionId: string) => void;
  /** There are finished words. They are on record a moment later. */
  readonly onFinal?: (sessionId: string) => void;
}

/** ACS sends the four who are loudest; each recogniser is a connection, and is paid for by the second. */
const MOST_EARS = 8;

/** TRANSCRIPTION: nobody answers. What is said is written down, with who said it and when. */
class Transcription implements Mode {
  readonly #host: ModeHost;
  readonly #options: TranscriptionOptions;
  readonly #speakers: Speakers;
  readonly #history: History;
  readonly #ears = new Map<string | undefined, SpeakerEar>();
  readonly #hearsItself: boolean;
  /** The session's beginning on its clock. */
  readonly #beganMs: number;
  #acsBeganMs = Number.POSITIVE_INFINITY;
  /** By participant: where the last finished words of ACS's began. */
  readonly #acsFinalMs = new Map<string | undefined, number>();
  readonly #languages: readonly string[];
  readonly #noticeText: string | undefined;
  #notice: Notice | undefined;
  #turns: number;
  #crowded = false;
  #closed = false;

  constructor(host: ModeHost, options: TranscriptionOptions) {
    this.#host = host;
    this.#options = options;
    this.#speakers = new Speakers(host.facts);
    this.#history = new History(host.events, host.history);
    this.#hearsItself = !options.acsHears || host.facts.callConnectionId === undefined;
    this.#beganMs = host.clock.now() - Math.max(0, host.clock.wallMs() - host.beganAtMs);
    this.#turns = host.turns;
    this.#languages = options.languagesOf(host.agentName);
    this.#noticeText = options.noticeOf(host.agentName);
  }

  start(): void {
    const { agentName, facts, log } = this.#host;
    this.#options.onOpen?.(facts.sessionId);
    this.#host.events.emit('state', { state: 'listening' });
    const text = this.#noticeText;
    if (text === undefined) {
      log.warn(
        { agent: agentName },
        'this call is written down, and nobody in it is told: the agent has no `notice` (another than `recording.notice`; docs/transcription.md)',
      );
    } else if (!wasSpoken(text, this.#host.history)) {
      const { synthesiser, playoutClock = this.#host.clock } = this.#options;
      this.#notice = new Notice({ host: this.#host, history: this.#history, text, synthesiser, playoutClock });
      void this.#notice.speak();
    }
  }

  audio(pcm: Uint8Array, from?: string): void {
    if (this.#closed || !this.#hearsItself) return;
    const ear = this.#ears.get(from) ?? this.#openEar(from);
    ear?.write(pcm);
  }

  pressed(tone: string): void {
    this.#host.events.emit('callerPressed', { tone });
  }

  interrupt(): void {
    this.#notice?.stop('command');
  }

  transcribed(heard: ServiceTranscript): void {
    if (this.#closed) return;
    const { text, participant, final, offsetMs, durationMs, confidence, words } = heard;
    // ACS counts from some beginning of its own. What was told soonest after it was said shows best where that lies.
    this.#acsBeganMs = Math.min(this.#acsBeganMs, this.#host.clock.now() - offsetMs - durationMs);
    const startMs = this.#acsBeganMs + offsetMs;
    if (!final) {
      this.#tellPartial(participant, text, startMs, durationMs);
      return;
    }
    // Words that got no answer from Redis are handed on again, and may come twice.
    if (this.#acsFinalMs.get(participant) === offsetMs) return;
    this.#acsFinalMs.set(participant, offsetMs);
    this.#tellFinal(participant, text, startMs, durationMs, {
      confidence,
      words: words.map((word) => ({ ...word, offsetMs: this.#acsBeganMs + word.offsetMs })),
    });
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#host.events.atomic(() => {
      this.#notice?.stop('closed');
      for (const [participant, ear] of this.#ears) this.#closeEar(participant, ear);
      this.#closed = true;
      this.#host.events.emit('ended', { reason });
    });
  }

  #openEar(participant: string | undefined): SpeakerEar | undefined {
    if (this.#ears.size >= MOST_EARS) {
      if (!this.#crowded) this.#host.events.emit('fault', { code: 'transcription.too-many-speakers' });
      this.#crowded = true;
      return undefined;
    }
    const { clock, events, log, recorder } = this.#host;
    const ear = new SpeakerEar({
      clock,
      openRecogniser: this.#options.openRecogniser(
        log,
        this.#languages,
        (usage) => recorder?.used(usage),
        (request) => recorder?.served?.(request),
      ),
      events: {
        onPartial: (text, startMs, durationMs) => this.#tellPartial(participant, text, startMs, durationMs),
        onFinal: (text, startMs, durationMs, details) =>
          this.#tellFinal(participant, text, startMs, durationMs, details),
        onFault: (code, error) => events.emit('fault', { code, ...(error && { error }) }),
        onIdle: () => this.#closeEar(participant, ear),
      },
    });
    this.#ears.set(participant, ear);
    return ear;
  }

  #closeEar(participant: string | undefined, ear: SpeakerEar): void {
    this.#ears.delete(participant);
    ear.close();
    this.#crowded = false;
  }

  #tellPartial(participant: string | undefined, text: string, startMs: number, durationMs: number): void {
    this.#host.events.emit('transcriptPartial', this.#placed(participant, text, startMs, durationMs));
  }

  #tellFinal(
    participant: string | undefined,
    text: string,
    startMs: number,
    durationMs: number,
    { confidence, language, words }: PhraseDetails,
  ): void {
    if (this.#closed || text.trim() === '') return;
    const { events, facts } = this.#host;
    const placed = this.#placed(participant, text, startMs, durationMs);
    events.atomic(() => {
      this.#turns += 1;
      this.#history.append({ role: 'caller', text, speaker: placed.speaker });
      events.emit('transcript', {
        ...placed,
        turn: this.#turns,
        ...(confidence !== undefined && { confidence }),
        ...(language !== undefined && { language }),
        ...(words !== undefined &&
          words.length > 0 && {
            words: words.map((word) => ({
              text: word.text,
              offsetMs: this.#sinceBegin(word.offsetMs),
              durationMs: Math.round(word.durationMs),
            })),
          }),
      });
    });
    this.#options.onFinal?.(facts.sessionId);
  }

  #placed(participant: string | undefined, text: string, startMs: number, durationMs: number) {
    return {
      speaker: this.#speakers.nameOf(participant),
      ...(participant !== undefined && { participant }),
      text,
      offsetMs: this.#sinceBegin(startMs),
      durationMs: Math.round(durationMs),
    };
  }

  #sinceBegin(clockMs: number): number {
    return Math.max(0, Math.round(clockMs - this.#beganMs));
  }
}

/** TRANSCRIPTION, as a kind of mode. */
export const transcriptionMode = (options: TranscriptionOptions): ModeKind => ({
  answers: false,
  rateHz: SAMPLE_RATE,
  open: (host) => new Transcription(host, options),
});
