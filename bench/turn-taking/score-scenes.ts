import type { VirtualClock } from '../../shared/virtual-clock.ts';
import type { ConversationOptions } from '../../stream-host/conversation/conversation.ts';
import type { RecogniserTiming } from '../corpus/recogniser-script.ts';
import type { Scene } from '../corpus/scene.ts';
import { Speaker } from '../corpus/speaker.ts';
import { AgentSpeech, PROVIDER_DELAYS, type ProviderDelays } from './agent.ts';
import { Detector } from './detector.ts';
import { outcomeOf, type SceneOutcome } from './outcome.ts';
import { SceneRun } from './scene-run.ts';

export interface ScoreOptions {
  /** Handed to the engine as it is. Default: the engine's own. */
  readonly policy?: ConversationOptions['policy'];
  readonly delays?: ProviderDelays;
  /** From the arrival of a detector frame's last sample to its probability. Default 12 ms. */
  readonly detectorMs?: number;
  readonly recogniser?: Partial<RecogniserTiming>;
  /** To be kept between calls: it takes a while to load. */
  readonly detector?: Detector;
  /** To be kept between calls: remembers what the agent says. */
  readonly speech?: AgentSpeech;
  /** More of the engine's ports, such as a judge of turn ends, on the scene's clock. */
  readonly ports?: (clock: VirtualClock) => Partial<ConversationOptions>;
}

/** So many conversations at once: enough to fill the model's batch, few enough to be kind to memory. */
const AT_ONCE = 64;

/**
 * Plays scenes to real conversations on virtual clocks, all frame by frame together so that the voice-activity model
 * judges them in one batch, and reports what the caller heard. Deterministic.
 */
export async function scoreScenes(scenes: readonly Scene[], options: ScoreOptions = {}): Promise<SceneOutcome[]> {
  const detector = options.detector ?? (await Detector.load());
  const speech = options.speech ?? new AgentSpeech(await Speaker.load());
  const delays = options.delays ?? PROVIDER_DELAYS;
  try {
    const outcomes: SceneOutcome[] = [];
    for (let at = 0; at < scenes.length; at += AT_ONCE) {
      const runs = scenes.slice(at, at + AT_ONCE).map(
        (scene) =>
          new SceneRun({
            ...{ scene, speech, delays, policy: options.policy, ports: options.ports },
            detectorMs: options.detectorMs ?? 12,
            recogniser: options.recogniser ?? {},
          }),
      );
      await playAll(runs, detector);
      for (const run of runs) outcomes.push(outcomeOf(run, delays.firstTokenMs + delays.firstAudioMs));
      for (const run of runs) run.close();
    }
    return outcomes;
  } finally {
    if (!options.detector) await detector.close();
  }
}

async function playAll(runs: readonly SceneRun[], detector: Detector): Promise<void> {
  await Promise.all(runs.map((run) => run.begin()));
  for (let going = true; going; ) {
    const steps = await Promise.all(runs.map((run) => run.step()));
    await detector.judge(runs.flatMap(({ voiceActivity }) => voiceActivity ?? []));
    going = steps.includes(true);
  }
}
