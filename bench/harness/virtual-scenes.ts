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
import { type AgentVoice, agentVoice } from '../subjects/agent-voice.ts';
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
export async function virtualScenes(clip?: VoiceClip) {
  const voice = agentVoice(clip ?? (await agentClip()));
  const silero = await Silero.load();
  const judge = new VoiceActivityJudge(silero);
  const beatUntil = async (scenes: readonly VirtualScene[], isReady: (scene: VirtualScene) => boolean) => {
    for (;;) {
      const going = scenes.filter((scene) => !isReady(scene));
      if (going.length === 0) return;
      await Promise.all(going.map((scene) => scene.beat()));
      const asked = going.flatMap(({ waiting }) => waiting.splice(0));
      const { probabilities } = await judge.judge(asked);
      for (const [at, { tell }] of asked.entries()) tell(probabilities[at] ?? 0);
    }
  };
  return {
    async play(scenes: readonly Scene[], settings: SceneSettings): Promise<SceneRun[]> {
      const runs: SceneRun[] = [];
      for (let at = 0; at < scenes.length; at += AT_ONCE) {
        const batch = scenes.slice(at, at + AT_ONCE).map((scene) => virtualScene(scene, settings, voice));
        await beatUntil(batch, (scene) => scene.begin());
        await beatUntil(batch, (scene) => scene.isOver());
        runs.push(...batch.map((scene) => scene.end()));
      }
      return runs;
    },
    close: () => silero.close(),
  };
}

/** A frame that waits, and who is to be told of it. */
interface WaitingFrame extends AskedFrame {
  tell(probability: number): void;
}
type VirtualScene = ReturnType<typeof virtualScene>;

/** One scene on a clock of its own. */
function virtualScene(scene: Scene, settings: SceneSettings, voice: AgentVoice) {
  const clock = new VirtualClock();
  const waiting: WaitingFrame[] = [];
  // The frames of the detector begin at a chance place in the line's: each variant of a scene has another.
  const quietFrames = Number(scene.id.split('/').at(-1)) % ALIGNMENTS;
  let beats = 0;
  let startMs: number | undefined;
  let isOver = false;
  const call = new Call(0, settingsFor(scene, settings), (words) => session.hear(words));
  const session = new ParleySession({
    ...{ settings: call.settings, voice, clock, openVoiceActivity: (events) => sceneActivity(clock, events, waiting) },
    sink: {
      audio: (frame) => void call.farEnd.receive(clock.now(), frame),
      stop: () => call.farEnd.stop(clock.now()),
      thinking: () => {},
      fault: (message) => call.faults.push(message),
    },
  });
  return {
    waiting,
    isOver: () => isOver,
    /** Begins to play when the agent is as the scene wants it; until then the line is quiet. @returns whether it has */
    begin(): boolean {
      if (startMs !== undefined) return true;
      const isSpeaking = call.settings.greeting === '' || call.farEnd.quietMsAt(clock.now()) === 0;
      if (clock.now() > LONGEST_START_MS) throw new Error(`${scene.id}: the agent does not begin`);
      if (!isSpeaking || beats < quietFrames) return false;
      startMs = clock.now();
      void call.play(playbackOf(scene), startMs).then(() => {
        isOver = true;
      });
      return true;
    },
    /** Lets the next 20 ms pass and then hands over the frame that was spoken in them. */
    async beat(): Promise<void> {
      await clock.advance(FRAME_MS);
      beats += 1;
      session.receiveAudio(bytesOf(call.frameDue(clock.now())).slice());
    },
    end(): SceneRun {
      const run = sceneRun(scene, call, startMs ?? 0);
      void session.close();
      return run;
    },
  };
}

/** One scene's voice activity. What it has heard waits until all scenes are judged. */
function sceneActivity(clock: VirtualClock, events: VoiceActivityEvents, waiting: WaitingFrame[]): VoiceActivity {
  const stream = new JudgedStream();
  const cutter = new FrameCutter(2 * SILERO_FRAME_SAMPLES);
  let isClosed = false;
  const hear = (frame: Uint8Array) => {
    const atMs = clock.now();
    const tell = (probability: number) => {
      if (!isClosed) clock.after(DETECTOR_MS, () => events.onFrame(probability, atMs));
    };
    waiting.push({ stream, samples: samplesOf(frame), tell });
  };
  return {
    write: (pcm) => cutter.write(pcm, hear),
    close: () => {
      isClosed = true;
    },
  };
}
