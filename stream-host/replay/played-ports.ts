import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { ReplyPiece, Responder } from '../contract/agent.ts';
import type { SessionEmitter } from '../contract/events.ts';
import type { AudioSink } from '../contract/line.ts';
import type {
  OpenRecogniser,
  OpenVoiceActivity,
  RecogniserEvents,
  StandbyVoice,
  Synthesiser,
  SynthesisPiece,
  VoiceActivityEvents,
} from '../contract/speech.ts';
import type { EchoSense, Senses, Trail } from '../conversation/ear/caller-line.ts';
import type { untilQuietMs } from '../playout/playout.ts';
import { PlayedStream } from './played-stream.ts';
import type { Answer, Question } from './step.ts';

/** What the engine says and asks while a call is played again. */
export interface Stage {
  decided(type: string, fields: object): void;
  /** What the recorded engine was told; `guess` where it had not asked. */
  answer<Asked extends Question>(question: Asked, guess: Answer<Asked>): Answer<Asked>;
  /** Somebody has been told of what was decided: what came of it comes now. */
  told(): void;
}

/** Audio of which nobody looks at the samples. */
let silence = new Uint8Array(FRAME_BYTES);
export function silentAudio(bytes: number): Uint8Array {
  if (silence.length < bytes) silence = new Uint8Array(2 * bytes);
  return silence.subarray(0, bytes);
}

export function playedEvents(events: SessionEmitter, stage: Stage): SessionEmitter {
  events.onAny(() => stage.told());
  return {
    on: (name, listener) => events.on(name, listener),
    onAny: (listener) => events.onAny(listener),
    emit(name, fields) {
      stage.decided(name, fields);
      events.emit(name, fields);
    },
    atomic: (work) => events.atomic(work),
    inTurn: (task) => events.inTurn(task),
  };
}

export function playedSink(stage: Stage): AudioSink {
  return {
    sendAudio(frames) {
      stage.decided('sent', { bytes: frames.length });
      stage.told();
      return true;
    },
    stopAudio(cause) {
      stage.decided('stopped', { cause });
      stage.told();
    },
  };
}

export function playedSenses(stage: Stage): Senses & { readonly untilQuietMs: typeof untilQuietMs } {
  return {
    openTrail: () => playedTrail(stage),
    openEchoGuard: () => playedEcho(stage),
    untilQuietMs: () => stage.answer('quiet', 0),
  };
}

function playedTrail(stage: Stage): Trail {
  return {
    write() {},
    levelAt: () => stage.answer('level', -60),
    brightnessAt: () => stage.answer('brightness', 0.1),
    periodicityAt: () => stage.answer('periodicity', 0.8),
    endOfSound: (speechMs) => stage.answer('end', speechMs),
  };
}

function playedEcho(stage: Stage): EchoSense {
  return {
    played() {},
    stopped() {},
    heard() {},
    judge: () => stage.answer('origin', 'caller'),
    get path() {
      const kind = stage.answer('path', 'none');
      // How it comes back nobody asks.
      return kind === 'echo' ? { kind, delayMs: 0, gainDb: 0 } : { kind };
    },
  };
}

/** The services that a call had, as the record tells of them. What was opened is known by its number. */
export class PlayedServices {
  readonly detectors: VoiceActivityEvents[] = [];
  readonly recognisers: RecogniserEvents[] = [];
  readonly answers: PlayedStream<ReplyPiece>[] = [];
  readonly voices: PlayedStream<SynthesisPiece>[] = [];
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  readonly openVoiceActivity: OpenVoiceActivity = (events) => {
    this.detectors.push(events);
    return { write() {}, close() {} };
  };

  readonly openRecogniser: OpenRecogniser = (events) => {
    const of = this.recognisers.push(events);
    return { write() {}, restart: () => this.#stage.decided('recogniser-restarted', { of }), close() {} };
  };

  readonly synthesiser: Synthesiser = {
    speak: (text) => {
      const stream = new PlayedStream<SynthesisPiece>();
      this.#stage.decided('voice-asked', { of: this.voices.push(stream), text });
      return stream;
    },
  };

  readonly standby: StandbyVoice = {
    speech: (_purpose, text) => {
      const [says, bytes] = this.#stage.answer('clip', [text, FRAME_BYTES]);
      return { text: says, pcm: silentAudio(bytes) };
    },
  };

  responder({ locale, voice, phrases }: Pick<Responder, 'locale' | 'voice' | 'phrases'>): Responder {
    return {
      ...{ locale, voice, phrases },
      respond: (history) => {
        const stream = new PlayedStream<ReplyPiece>();
        const of = this.answers.push(stream);
        this.#stage.decided('model-asked', { of, items: history.length, last: history.at(-1) });
        return stream;
      },
    };
  }
}
