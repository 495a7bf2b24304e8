import { bytesOf } from '../../shared/audio/pcm.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { RecogniserEvents } from '../../stream-host/contract/speech.ts';
import type { Conversation } from '../../stream-host/conversation/conversation.ts';
import { SessionEvents } from '../../stream-host/dialogue/session-events.ts';
import { type MediaConversationOptions, mediaConversation } from '../../stream-host/modes/media/media-conversation.ts';
import {
  RECOGNISER_TIMING,
  type RecogniserEvent,
  type RecogniserTiming,
  recogniserScript,
} from '../corpus/recogniser-script.ts';
import type { Scene } from '../corpus/scene.ts';
import { Agent, type AgentSpeech, type ProviderDelays } from './agent.ts';
import { arrivedMs, echoSource, FRAME_MS, frameCount, frameOf } from './caller-audio.ts';
import { SceneVoiceActivity } from './detector.ts';
import { EchoRecogniser } from './echo-recogniser.ts';
import { FarSide } from './far-side.ts';

export interface SceneRunOptions {
  readonly scene: Scene;
  readonly speech: AgentSpeech;
  readonly policy: MediaConversationOptions['policy'];
  readonly delays: ProviderDelays;
  /** From the arrival of a detector frame's last sample to its probability. */
  readonly detectorMs: number;
  readonly recogniser: Partial<RecogniserTiming>;
  /** More of the engine’s ports. */
  readonly ports: ((clock: VirtualClock) => Partial<MediaConversationOptions>) | undefined;
}

const STEP_MS = 10;
const LONGEST_START_MS = 5000;
/** The scene begins so long after the greeting was heard. */
const AFTER_GREETING_MS = 400;
const SAMPLES_PER_MS = 16;
/** Frames of 20 ms and of 32 ms meet every eighth of the former. */
const ALIGNMENTS = 8;

/** One scene played to a real conversation on its own virtual clock. Many can be run side by side, frame by frame. */
export class SceneRun {
  readonly scene: Scene;
  readonly farSide: FarSide;
  readonly agent: Agent;
  readonly conversation: Conversation;
  /** Whoever runs the scene has it judged after every {@link step}. */
  voiceActivity: SceneVoiceActivity | undefined;
  readonly faults: string[] = [];
  readonly #clock = new VirtualClock();
  readonly #options: SceneRunOptions;
  readonly #variant: number;
  #recogniser: RecogniserEvents | undefined;
  #echo: EchoRecogniser | undefined;
  #recogniserOpenedMs = 0;
  #leadMs = 0;
  #receivedMs = 0;
  #startMs = 0;
  #nextFrame = 0;

  constructor(options: SceneRunOptions) {
    const { scene, speech, delays, policy, ports } = options;
    this.#options = options;
    this.scene = scene;
    this.farSide = new FarSide(this.#clock);
    this.#variant = Number(scene.id.split('/').at(-1));
    this.agent = new Agent({ clock: this.#clock, speech, callersVoice: scene.voice, variant: this.#variant, delays });
    const events = new SessionEvents(this.#clock);
    events.on('fault', ({ code }) => this.faults.push(code));
    this.conversation = mediaConversation({
      clock: this.#clock,
      events,
      sink: this.farSide,
      responder: this.agent,
      synthesiser: this.agent,
      openVoiceActivity: (events) => {
        this.voiceActivity = new SceneVoiceActivity(this.#clock, options.detectorMs, events);
        return this.voiceActivity;
      },
      openRecogniser: (events) => this.#openRecogniser(events),
      ...(scene.during === 'agent-speaking' && { history: Agent.OWED }),
      ...(policy && { policy }),
      ...ports?.(this.#clock),
    });
  }

  get frames(): number {
    return frameCount(this.scene);
  }

  /** When the scene began, in samples of the far side's time. */
  get startSample(): number {
    return Math.round(this.#startMs * SAMPLES_PER_MS);
  }

  /** Starts the conversation and waits until the agent is as the scene wants it: speaking, or done with its greeting. */
  async begin(): Promise<void> {
    this.conversation.start();
    const speaking = this.scene.during === 'agent-speaking';
    const ready = () => this.farSide.spans.length > 0 && (speaking || this.conversation.state === 'listening');
    for (let waitedMs = 0; !ready(); waitedMs += STEP_MS) {
      if (waitedMs > LONGEST_START_MS) throw new Error(`${this.scene.id}: the agent does not begin`);
      await this.#clock.advance(STEP_MS);
    }
    if (!speaking) await this.#clock.advance(AFTER_GREETING_MS);
    await this.#leadIn();
    this.#startMs = this.#clock.now();
    const timing = { ...RECOGNISER_TIMING, ...this.#options.recogniser };
    if (this.scene.echo) {
      this.#echo = new EchoRecogniser({
        ...{ clock: this.#clock, scene: this.scene, startMs: this.#startMs, farSide: this.farSide, timing },
        clips: () => this.agent.clips,
        tell: (event) => this.#recogniserSays(event),
      });
      return;
    }
    for (const event of recogniserScript(this.scene, timing)) {
      this.#clock.after(event.atMs, () => this.#recogniserSays(event));
    }
  }

  /** Lets the next 20 ms pass and then hands over the frame that was spoken in them. False when the scene is over. */
  async step(): Promise<boolean> {
    if (this.#nextFrame >= this.frames) return false;
    const index = this.#nextFrame;
    this.#nextFrame += 1;
    await this.#clock.advance(this.#startMs + (index + 1) * FRAME_MS - this.#clock.now());
    this.#echo?.poll();
    const [from, to] = echoSource(this.scene, this.startSample + index * FRAME_MS * SAMPLES_PER_MS);
    const played = this.scene.echo ? this.farSide.heard(from, to) : undefined;
    const frame = frameOf(this.scene, index, played);
    if (frame) this.#receive(frame);
    return true;
  }

  close(): void {
    this.conversation.close('scene over');
  }

  /** The frames of the detector begin at a chance place in the line's: each variant of a scene has another. */
  async #leadIn(): Promise<void> {
    for (let index = 0; index < this.#variant % ALIGNMENTS; index += 1) {
      await this.#clock.advance(FRAME_MS);
      this.#leadMs += FRAME_MS;
      const quiet = frameOf(this.scene, index);
      if (quiet) this.#receive(quiet);
    }
  }

  #receive(frame: Int16Array): void {
    this.#receivedMs += FRAME_MS;
    this.conversation.audio(bytesOf(frame));
  }

  #recogniserSays({ type, text, offsetMs, endMs }: RecogniserEvent): void {
    const beforeMs = this.#leadMs - this.#recogniserOpenedMs;
    const [from, to] = [offsetMs, endMs].map((ms) => beforeMs + arrivedMs(this.scene, ms));
    if (from === undefined || to === undefined) return;
    if (type === 'partial') this.#recogniser?.onPartial(text, from, to);
    else if (type === 'final') this.#recogniser?.onFinal(text, from, to);
    else this.#recogniser?.onNoWords(from, to);
  }

  #openRecogniser(events: RecogniserEvents) {
    this.#recogniser = events;
    this.#recogniserOpenedMs = this.#receivedMs;
    return {
      write() {},
      restart() {},
      close: () => {
        if (this.#recogniser === events) this.#recogniser = undefined;
      },
    };
  }
}
