import { pino } from 'pino';
import { bytesOf, FRAME_BYTES } from '../../../../shared/audio/pcm.ts';
import type { CallWish } from '../../../../shared/calls/call-wish.ts';
import type { Usage } from '../../../../shared/records/usage.ts';
import type { HistoryItem } from '../../../../shared/sessions/history.ts';
import { VirtualClock } from '../../../../shared/virtual-clock.ts';
import { endingOf, isEndCall } from '../../../agent/end-call.ts';
import { defaultPhrases } from '../../../agent/phrases.ts';
import type { CallAction, Phrases, ToolOutcome, TurnTools } from '../../../contract/agent.ts';
import type { EventName, SessionEvent } from '../../../contract/events.ts';
import type { ModeLine } from '../../../contract/line.ts';
import type { Mode, ModeHost, ModeKind } from '../../../contract/mode.ts';
import type { ServedRequest } from '../../../contract/recorder.ts';
import type { StandbyVoice, VoiceActivityEvents } from '../../../contract/speech.ts';
import { DETECTOR_FRAME_MS } from '../../../conversation/ear/speech-detector.ts';
import { frameOf } from '../../../conversation/testing/rig.ts';
import type { TurnPolicyChanges } from '../../../conversation/turns/turn-policy.ts';
import { SessionEvents } from '../../../dialogue/session-events.ts';
import { voiceLiveMode } from '../voice-live-mode.ts';
import { CallerEar } from './caller-ear.ts';
import { TalkingService } from './talking-service.ts';

/** A caller's word lasts so long. */
export const WORD_MS = 192;
/** What the samples of standby speech carry, as a tag. */
export const STANDBY_TAG = 30_000;

const PHRASES: Phrases = defaultPhrases('en-US', 'Hello there.');

interface RigOptions {
  readonly phrases?: Partial<Phrases>;
  readonly policy?: TurnPolicyChanges;
  readonly history?: readonly HistoryItem[];
  readonly fallback?: ModeKind;
  readonly openings?: TalkingService['openings'];
  /** How long a session lives. */
  readonly expiresAfterMs?: number;
  /** How long the agent's tool takes. */
  readonly toolMs?: number;
  /** Whether the agent's model may end the call. */
  readonly mayHangUp?: boolean;
}

/** What the agent's tools want done with the call. */
const WISHES: Readonly<Record<string, CallWish>> = {
  transfer_call: { kind: 'transfer', target: '+15551230000', how: 'blind', timeoutS: 30 },
  collect_keys: { kind: 'collect-input', input: 'pin' },
};

/** A VOICE_LIVE call on virtual time, with the line, the detector and the service in the test's hands. */
export class LiveRig {
  readonly clock = new VirtualClock();
  readonly service = new TalkingService(this.clock);
  readonly log: SessionEvent[] = [];
  readonly events = new SessionEvents(this.clock);
  readonly ear = new CallerEar(this.clock);
  readonly call: Mode;
  readonly tools: string[] = [];
  /** How many things the caller had said, as far as the tools of each turn were told. */
  readonly toolTurns: number[] = [];
  /** What it was told to have used. */
  readonly used: Usage[] = [];
  readonly served: ServedRequest[] = [];
  /** What was done with the call. */
  readonly acts: CallAction[] = [];
  history: readonly HistoryItem[];
  stops = 0;
  /** How sure the detector is of the caller's sounds; from 0.98 on it is a voice. */
  voice = 0.95;
  /** The rates of which the line was told. */
  readonly rates: number[] = [];
  #detector: VoiceActivityEvents | undefined;

  constructor(options: RigOptions = {}) {
    this.service.openings.push(...(options.openings ?? []));
    this.service.expiresAfterMs = options.expiresAfterMs;
    this.history = options.history ?? [];
    this.events.onAny((event) => this.log.push(event));
    this.events.on('historyChanged', ({ from, items }) => {
      this.history = [...this.history.slice(0, from), ...items];
    });
    const kind = voiceLiveMode({
      openRealtime: this.service.open,
      rateHz: 16_000,
      openVoiceActivity: (events) => {
        this.#detector = events;
        return { write() {}, close() {} };
      },
      standbyFor: () => standby,
      turnsOf: () => ({ onset: { echoGuard: false }, ...options.policy }),
      random: () => 0.5,
      fallback: options.fallback,
    });
    this.call = kind.open(this.#host(options));
  }

  /** Starts, and waits until the greeting has been played and all clips are made. */
  async started(): Promise<this> {
    this.call.start();
    await this.pass(8000);
    this.log.length = 0;
    return this;
  }

  /** Time passes on a quiet line. */
  async pass(ms: number): Promise<void> {
    await this.sound(0, ms);
  }

  /** The caller makes a sound for so long, at a level that says which word it is; 0: none. */
  async sound(level: number, ms: number): Promise<void> {
    for (let t = 0; t < ms; t += DETECTOR_FRAME_MS) {
      await this.clock.advance(DETECTOR_FRAME_MS);
      this.call.audio(frameOf(level));
      this.#detector?.onFrame(level > 0 ? this.voice : 0.02, this.clock.now());
    }
  }

  /** The caller says words, each of its own level, and then nothing for so long. */
  async says(levels: readonly number[], restMs = 0): Promise<void> {
    for (const level of levels) await this.sound(level, WORD_MS);
    await this.pass(restMs);
  }

  of<Name extends EventName>(name: Name): SessionEvent<Name>[] {
    return this.log.filter((event): event is SessionEvent<Name> & SessionEvent => event.type === name);
  }

  get callerWords(): string[] {
    return this.history.flatMap((item) => (item.role === 'caller' ? item.text.split(' ') : []));
  }

  get state(): string | undefined {
    return this.of('state').at(-1)?.state;
  }

  #host({ phrases, history, toolMs = 400, mayHangUp = true }: RigOptions): ModeHost {
    return {
      clock: this.clock,
      log: pino({ level: 'silent' }),
      events: this.events,
      line: this.#sink(),
      agent: {
        locale: 'en-US',
        voice: 'test',
        phrases: { ...PHRASES, ...phrases },
        brief: () => ({ instructions: 'Be kind.', locale: 'en-US', voice: 'test', tools: [], settings: {} }),
        openTools: (history) => {
          this.toolTurns.push(history.filter(({ role }) => role === 'caller').length);
          return this.#tools(toolMs, mayHangUp);
        },
        async *respond() {},
      },
      agentName: 'test',
      history: history ?? [],
      turns: 0,
      facts: { sessionId: 'session-1', direction: 'inbound' },
      beganAtMs: this.clock.wallMs(),
      recorder: {
        used: (usage) => void this.used.push(usage),
        served: (request) => void this.served.push(request),
      },
      act: (action) => this.acts.push(action),
    };
  }

  #tools(toolMs: number, mayHangUp: boolean): TurnTools {
    return {
      use: ({ callId, name }) => {
        this.tools.push(name);
        const call = { callId, name, args: {} };
        const outcome = new Promise<ToolOutcome>((resolve) => {
          this.clock.after(toolMs, () => resolve({ call, elapsedMs: toolMs, result: { found: true } }));
        });
        return { call, outcome };
      },
      action: ({ callId, name }) => {
        const wish = WISHES[name];
        return wish && { action: { call: { callId, name, args: {} }, key: `key-${callId}`, wish } };
      },
      ending: (request) => (mayHangUp && isEndCall(request) ? endingOf(request) : undefined),
    };
  }

  #sink(): ModeLine {
    return {
      sendAudio: (frames) => {
        if (frames.length % FRAME_BYTES !== 0) throw new Error('half a frame');
        this.ear.take(frames);
        return true;
      },
      stopAudio: () => {
        this.stops += 1;
        this.ear.stop();
      },
      modeIs: (rateHz) => this.rates.push(rateHz),
    };
  }
}

/** Its samples carry the tag, and it takes a second. */
const standby: StandbyVoice = {
  speech: (_purpose, text) => ({ text, pcm: bytesOf(new Int16Array(16_000).fill(STANDBY_TAG)) }),
};
