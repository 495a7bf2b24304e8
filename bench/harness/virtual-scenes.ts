import { bytesOf, FRAME_MS, FrameCutter, samplesOf } from '../../shared/audio/pcm.ts';
import { SILERO_FRAME_SAMPLES, Silero } from '../../shared/audio/silero.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { VoiceActivity, VoiceActivityEvents } from '../../stream-host/contract/speech.ts';
import {
  type AskedFrame,
  JudgedStream,
  VoiceActivityJudge,
} from '../../stream-host/speech/voice-activity/voice-activity-judge.ts';
import type { Scene } from '../corpus/scene.ts';
import { AgentVoice } from '../subjects/agent-voice.ts';
import { ParleySession } from '../subjects/parley/parley-session.ts';
import { Call } from './call.ts';
import { playbackOf, type SceneRun, type SceneSettings, sceneRun, settingsFor } from './scenes.ts';
import { agentClip, type VoiceClip } from './spoken.ts';

/** So many conversations at once: enough to fill the model's batch, few enough to be kind to memory. */
const AT_ONCE = 64;
/** From the arrival of a detector frame's last sample to its probability. */
const DETECTOR_MS = 12;
const LONGEST_START_MS = 5000;
/** Frames of 20 ms and of 32 ms meet every eighth of the former. */
const ALIGNMENTS = 8;

/**
 * Plays scenes to Parley's engine on virtual clocks: the same session, caller and far end as in real time, and the
 * product's own voice activity without its thread, asked for all scenes at once. Deterministic.
 */
export class VirtualScenes {
  readonly #silero: Silero;
  readonly #judge: VoiceActivityJudge;
  readonly #voice: AgentVoice;

  private constructor(silero: Silero, voice: AgentVoice) {
    this.#silero = silero;
    this.#judge = new VoiceActivityJudge(silero);
    this.#voice = voice;
  }

  static async load(voice?: VoiceClip): Promise<VirtualScenes> {
    const { text, samples } = voice ?? (await agentClip());
    return new VirtualScenes(await Silero.load(), new AgentVoice(text, samples));
  }

  async play(scenes: readonly Scene[], settings: SceneSettings): Promise<SceneRun[]> {
    const runs: SceneRun[] = [];
    for (let at = 0; at < scenes.length; at += AT_ONCE) {
      const batch = scenes.slice(at, at + AT_ONCE).map((scene) => new VirtualScene(scene, settings, this.#voice));
      await this.#beatUntil(batch, (scene) => scene.begin());
      await this.#beatUntil(batch, (scene) => scene.isOver);
      runs.push(...batch.map((scene) => scene.end()));
    }
    return runs;
  }

  close(): Promise<void> {
    return this.#silero.close();
  }

  async #beatUntil(scenes: readonly VirtualScene[], isReady: (scene: VirtualScene) => boolean): Promise<void> {
    for (;;) {
      const going = scenes.filter((scene) => !isReady(scene));
      if (going.length === 0) return;
      await Promise.all(going.map((scene) => scene.beat()));
      const asked = going.flatMap(({ activity }) => activity?.waiting.splice(0) ?? []);
      const { probabilities } = await this.#judge.judge(asked);
      for (const [at, { tell }] of asked.entries()) tell(probabilities[at] ?? 0);
    }
  }
}

/** One scene on a clock of its own. */
class VirtualScene {
  activity: SceneActivity | undefined;
  readonly #scene: Scene;
  readonly #clock = new VirtualClock();
  readonly #call: Call;
  readonly #session: ParleySession;
  readonly #quietFrames: number;
  #beats = 0;
  #startMs: number | undefined;
  isOver = false;

  constructor(scene: Scene, settings: SceneSettings, voice: AgentVoice) {
    const clock = this.#clock;
    this.#scene = scene;
    // The frames of the detector begin at a chance place in the line's: each variant of a scene has another.
    this.#quietFrames = Number(scene.id.split('/').at(-1)) % ALIGNMENTS;
    const call = new Call(0, settingsFor(scene, settings), (command) => {
      if (command.type === 'recogniser') this.#session.hear(command);
    });
    this.#call = call;
    this.#session = new ParleySession({
      ...{ settings: call.settings, voice, clock },
      openVoiceActivity: (events) => {
        this.activity = sceneActivity(clock, events);
        return this.activity;
      },
      sink: {
        audio: (frame) => void call.farEnd.receive(clock.now(), frame),
        stop: () => call.farEnd.stop(clock.now()),
        thinking: () => {},
        fault: (message) => call.faults.push(message),
      },
    });
  }

  /** Begins to play when the agent is as the scene wants it; until then the line is quiet. @returns whether it has */
  begin(): boolean {
    if (this.#startMs !== undefined) return true;
    const isSpeaking = this.#call.settings.greeting === '' || this.#call.farEnd.isAudibleAt(this.#clock.now());
    if (this.#clock.now() > LONGEST_START_MS) throw new Error(`${this.#scene.id}: the agent does not begin`);
    if (!isSpeaking || this.#beats < this.#quietFrames) return false;
    this.#startMs = this.#clock.now();
    void this.#call.play(playbackOf(this.#scene), this.#startMs).then(() => {
      this.isOver = true;
    });
    return true;
  }

  /** Lets the next 20 ms pass and then hands over the frame that was spoken in them. */
  async beat(): Promise<void> {
    await this.#clock.advance(FRAME_MS);
    this.#beats += 1;
    const frame = this.#call.frameDue(this.#clock.now());
    if (frame) this.#session.receiveAudio(bytesOf(frame).slice());
  }

  end(): SceneRun {
    const run = sceneRun(this.#scene, this.#call, this.#startMs ?? 0);
    void this.#session.close();
    return run;
  }
}

/** A frame that waits, and who is to be told of it. */
interface WaitingFrame extends AskedFrame {
  tell(probability: number): void;
}

interface SceneActivity extends VoiceActivity {
  readonly waiting: WaitingFrame[];
}

/** One scene's voice activity. What it has heard waits until all scenes are judged. */
function sceneActivity(clock: VirtualClock, events: VoiceActivityEvents): SceneActivity {
  const stream = new JudgedStream();
  const cutter = new FrameCutter(2 * SILERO_FRAME_SAMPLES);
  const waiting: WaitingFrame[] = [];
  let isClosed = false;
  const hear = (frame: Uint8Array) => {
    const atMs = clock.now();
    const tell = (probability: number) => {
      if (!isClosed) clock.after(DETECTOR_MS, () => events.onFrame(probability, atMs));
    };
    waiting.push({ stream, samples: samplesOf(frame), tell });
  };
  return {
    waiting,
    write: (pcm) => cutter.write(pcm, hear),
    close: () => {
      isClosed = true;
    },
  };
}
