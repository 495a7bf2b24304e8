import { wait } from '../../../emulator/wait.ts';
import { bytesOf, FRAME_BYTES } from '../../../shared/audio/pcm.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import { defaultPhrases } from '../../../stream-host/agent/phrases.ts';
import type { ReplyPiece } from '../../../stream-host/contract/agent.ts';
import type { OpenVoiceActivity, RecogniserEvents, SynthesisPiece } from '../../../stream-host/contract/speech.ts';
import type { Conversation } from '../../../stream-host/conversation/conversation.ts';
import { SessionEvents } from '../../../stream-host/dialogue/session-events.ts';
import {
  type MediaConversationOptions,
  mediaConversation,
} from '../../../stream-host/modes/media/media-conversation.ts';
import type { SessionSettings, Words } from '../../harness/protocol.ts';
import { type AgentVoice, answerTokens, type TurnVoice, wordsOf } from '../agent-voice.ts';
import type { SubjectSession, SubjectSink } from '../serve-subject.ts';

export interface ParleySessionOptions {
  readonly settings: SessionSettings;
  readonly sink: SubjectSink;
  readonly voice: AgentVoice;
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly clock: Clock;
}

/** One conversation of Parley's with scripted providers and a sink in memory. */
export class ParleySession implements SubjectSession {
  readonly #options: ParleySessionOptions;
  readonly #conversation: Conversation;
  #recogniser: RecogniserEvents | undefined;
  /** A turn's syntheses share its signal, which is how they are told from the next turn's. */
  readonly #voices = new WeakMap<AbortSignal, TurnVoice>();
  #turns = 0;

  constructor(options: ParleySessionOptions) {
    this.#options = options;
    const { sink, settings, clock } = options;
    const events = new SessionEvents(clock);
    events.on('fault', ({ code, error }) => sink.fault(`${code}: ${error}`));
    this.#conversation = mediaConversation({
      clock,
      events,
      sink: {
        sendAudio: (frames) => {
          for (let at = 0; at < frames.length; at += FRAME_BYTES) sink.audio(frames.subarray(at, at + FRAME_BYTES));
          return true;
        },
        stopAudio: () => sink.stop(),
      },
      openVoiceActivity: options.openVoiceActivity,
      openRecogniser: (events) => {
        this.#recogniser = events;
        return { write: () => {}, restart: () => {}, close: () => {} };
      },
      synthesiser: { speak: (text, _voice, signal) => this.#speak(text, signal) },
      responder: {
        locale: 'en-US',
        phrases: defaultPhrases('en-US', settings.greeting),
        voice: 'scripted',
        respond: (history, signal) => this.#respond(history, signal),
      },
      // The policy is the engine's to know; the bench only carries it.
      policy: settings.policy as NonNullable<MediaConversationOptions['policy']>,
    });
    this.#conversation.start();
  }

  receiveAudio(pcm: Uint8Array): void {
    this.#conversation.audio(pcm);
  }

  hear({ type, text, offsetMs, endMs }: Words): void {
    if (type === 'partial') this.#recogniser?.onPartial(text, offsetMs, endMs);
    else if (type === 'final') this.#recogniser?.onFinal(text, offsetMs, endMs);
    else this.#recogniser?.onNoWords(offsetMs, endMs);
  }

  async close(): Promise<void> {
    this.#conversation.close('the bench has seen enough');
  }

  async *#respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncGenerator<ReplyPiece> {
    const asked = history.findLast((item) => item.role === 'caller');
    this.#options.sink.thinking(asked?.role === 'caller' ? asked.text : '');
    const { clock, settings } = this.#options;
    for await (const text of answerTokens(settings, clock, signal)) yield { type: 'text', text };
  }

  async *#speak(text: string, signal: AbortSignal): AsyncGenerator<SynthesisPiece> {
    const { clock, settings } = this.#options;
    await wait(clock, settings.tts.firstAudioMs, signal);
    if (signal.aborted) return;
    const voice = this.#voices.get(signal) ?? this.#options.voice(++this.#turns);
    this.#voices.set(signal, voice);
    const pieces = [...voice(text)];
    const durationMs = pieces.reduce((total, piece) => total + piece.length, 0) / 16;
    for (const word of wordsOf(text, durationMs)) yield { type: 'word', ...word };
    for (const piece of pieces) yield { type: 'audio', pcm: bytesOf(piece) };
  }
}
