import { pino } from 'pino';
import { FRAME_BYTES } from '../../../shared/audio/pcm.ts';
import { ONLY_WATCH, type VoicemailPolicy } from '../../../shared/calls/voicemail-policy.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import { defaultPhrases } from '../../agent/phrases.ts';
import type { AgentRecording, CallAction } from '../../contract/agent.ts';
import type { Mode, ModeHost } from '../../contract/mode.ts';
import type { RecogniserEvents, Synthesiser } from '../../contract/speech.ts';
import { SessionEvents } from '../../dialogue/session-events.ts';
import { watchedMode } from '../watched-mode.ts';

const PHRASES = { ...defaultPhrases('en-US', 'Hello, it is me.'), farewell: 'Goodbye.' };

/** One call that we placed, with the far end in the test's hands. */
export class WatchedCall {
  readonly clock = new VirtualClock();
  readonly events = new SessionEvents(this.clock);
  readonly log: string[] = [];
  readonly actions: CallAction[] = [];
  readonly mode: Mode;
  sentMs = 0;
  /** What comes before the sound of a message. */
  onSynthesis: () => Promise<void> = async () => {};
  #recogniser: RecogniserEvents | undefined;
  #recogniserMs = 0;
  /** Whatever was to be said last was heard to its end. */
  said: ((heard: boolean) => void) | undefined;
  /** What the agent does with the call. */
  acts: (action: CallAction) => void = () => {};

  constructor(
    policy: Partial<VoicemailPolicy> = {},
    facts: Partial<ModeHost['facts']> = {},
    { recording, greeting = PHRASES.greeting }: { recording?: AgentRecording; greeting?: string } = {},
  ) {
    this.events.on('answeredBy', ({ verdict }) => this.log.push(`answered by ${verdict}`));
    this.events.on('ended', ({ reason }) => this.log.push(`ended ${reason}`));
    this.events.on('menuUnmatched', ({ phrases, heard }) => this.log.push(`missed ${phrases} in "${heard}"`));
    this.events.on('agentSpoke', ({ heardText }) => this.log.push(`spoke "${heardText}"`));
    const synthesised = () => this.onSynthesis();
    const synthesiser: Synthesiser = {
      async *speak(text) {
        await synthesised();
        yield { type: 'audio', pcm: new Uint8Array(text.length * 50 * 32).fill(1) };
      },
    };
    const inner = {
      answers: true,
      rateHz: 16_000 as const,
      open: ({ events, act }: ModeHost): Mode => {
        this.acts = (action) => act?.(action);
        return {
          start: () => this.log.push('started'),
          audio: () => {},
          pressed: () => {},
          interrupt: () => this.log.push('interrupted'),
          told: (news) => {
            this.log.push(`told ${JSON.stringify(news.speech)}`);
            this.said = news.onSpoken;
          },
          attend: (to) => this.log.push(`attends to ${to}`),
          close: (reason) => {
            this.log.push(`closed ${reason}`);
            events.emit('ended', { reason });
          },
        };
      },
    };
    this.mode = watchedMode(inner, {
      policyOf: () => ({ ...ONLY_WATCH, ...policy }),
      openSpeech: () => ({
        openRecogniser: (events) => {
          this.#recogniser = events;
          this.#recogniserMs = 0;
          const write = (pcm: Uint8Array) => {
            this.#recogniserMs += pcm.length / 32;
          };
          return { write, restart() {}, close() {} };
        },
        synthesiser,
      }),
    }).open({
      clock: this.clock,
      log: pino({ level: 'silent' }),
      events: this.events,
      line: {
        sendAudio: (frames) => {
          this.sentMs += frames.length / 32;
          return true;
        },
        stopAudio() {},
        modeIs: (rateHz) => this.log.push(`line at ${rateHz}`),
      },
      agent: { locale: 'en-US', voice: 'v', phrases: { ...PHRASES, greeting }, recording, async *respond() {} },
      agentName: 'orders',
      history: [],
      turns: 0,
      facts: { sessionId: 's', direction: 'outbound', ...facts },
      act: (action) => this.actions.push(action),
      beganAtMs: 0,
    });
    this.mode.start();
  }

  async hears(pcm: Uint8Array): Promise<void> {
    for (let at = 0; at < pcm.length; at += FRAME_BYTES) {
      await this.clock.advance(20);
      this.mode.audio(pcm.subarray(at, at + FRAME_BYTES));
    }
  }

  recognises(text: string): void {
    this.#recogniser?.onPartial(text, 0, this.#recogniserMs);
  }
}
