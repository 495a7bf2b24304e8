import { bytesOf, samplesOf } from '../../shared/audio/pcm.ts';
import { SileroStream } from '../../shared/audio/silero.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { Conversation, type ConversationOptions } from '../../stream-host/conversation/conversation.ts';
import type { RecogniserEvents } from '../../stream-host/conversation/ports.ts';
import {
  RECOGNISER_TIMING,
  type RecogniserEvent,
  type RecogniserTiming,
  recogniserScript,
} from '../corpus/recogniser-script.ts';
import type { Scene } from '../corpus/scene.ts';
import { Agent, type AgentSpeech, type ProviderDelays } from './agent.ts';
import { arrivedMs, echoSource, FRAME_MS, frameCount, frameOf } from './caller-audio.ts';
import { DetectorFrames, type WaitingFrame } from './detector.ts';
import { EchoRecogniser } from './echo-recogniser.ts';
import { FarSide } from './far-side.ts';

export interface SceneRunOptions {
  readonly scene: Scene;
  readonly speech: AgentSpeech;
  readonly policy: ConversationOptions['policy'];
  readonly delays: ProviderDelays;
  /** From the arrival of a detector frame's last sample to its probability. */
  readonly detectorMs: number;
  readonly recogniser: Partial<RecogniserTiming>;
  /** Known for scenes without echo; else every frame waits in {@link SceneRun.waiting}. */
  readonly probabilities: Float32Array | undefined;
  /** More of the engine's ports, such as a judge of turn ends. */
  readonly ports: ((clock: VirtualClock) => Partial<ConversationOptions>) | undefined;
}

const STEP_MS = 10;
const LONGEST_START_MS = 5000;
/** The scene begins so long after the greeting was heard. */
const AFTER_GREETING_MS = 400;
const SAMPLES_PER_MS = 16;

/** One scene played to a real conversation on its own virtual clock. Many can be run side by side, frame by frame. */
export class SceneRun {
  readonly scene: Scene;
  readonly farSide: FarSide;
  readonly agent: Agent;
  readonly conversation: Conversation;
  /** Detector frames whose probability is not known yet, in order. The driver empties it after every frame. */
  readonly waiting: WaitingFrame[] = [];
  readonly faults: string[] = [];
  readonly #clock = new VirtualClock();
  readonly #options: SceneRunOptions;
  #recogniser: RecogniserEvents | undefined;
  #echo: EchoRecogniser | undefined;
  #recogniserOpenedMs = 0;
  #receivedMs = 0;
  #startMs = 0;
  #nextFrame = 0;

  constructor(options: SceneRunOptions) {
    const { scene, speech, delays, policy, ports } = options;
    this.#options = options;
    this.scene = scene;
    this.farSide = new FarSide(this.#clock);
    const variant = Number(scene.id.split('/').at(-1));
    this.agent = new Agent({ clock: this.#clock, speech, callersVoice: scene.voice, variant, delays });
    this.conversation = new Conversation({
      clock: this.#clock,
      sink: this.farSide,
      responder: this.agent,
      synthesiser: this.agent,
      openVoiceActivity: (events) => this.#openVoiceActivity(events.onFrame),
      openRecogniser: (events) => this.#openRecogniser(events),
      ...(scene.during === 'agent-speaking' && { history: Agent.OWED }),
      ...(policy && { policy }),
      ...ports?.(this.#clock),
    });
    this.conversation.events.on('fault', (code) => this.faults.push(code));
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
    if (frame) {
      this.#receivedMs += FRAME_MS;
      this.conversation.receiveAudio(bytesOf(frame));
    }
    return true;
  }

  close(): void {
    this.conversation.close('scene over');
  }

  #openVoiceActivity(onFrame: (probability: number, atMs: number) => void) {
    const { probabilities, detectorMs } = this.#options;
    const cutter = new DetectorFrames();
    const stream = new SileroStream();
    let index = 0;
    const tell = (probability: number, atMs: number) => {
      this.#clock.after(detectorMs, () => onFrame(probability, atMs));
    };
    return {
      write: (pcm: Uint8Array) =>
        cutter.write(samplesOf(pcm), (frame) => {
          const atMs = this.#clock.now();
          const known = probabilities?.[index];
          index += 1;
          if (known !== undefined) tell(known, atMs);
          else this.waiting.push({ stream, frame, resolve: (probability) => tell(probability, atMs) });
        }),
      close() {},
    };
  }

  #recogniserSays({ type, text, offsetMs, endMs }: RecogniserEvent): void {
    const [from, to] = [offsetMs, endMs].map((ms) => arrivedMs(this.scene, ms) - this.#recogniserOpenedMs);
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
      close: () => {
        if (this.#recogniser === events) this.#recogniser = undefined;
      },
    };
  }
}
