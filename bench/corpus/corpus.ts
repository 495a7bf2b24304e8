import { Cast } from './cast.ts';
import { SCENE_SETS, type Scene, type SceneSet } from './scene.ts';
import { backchannelScenes, echoScenes, gapScenes, hesitationScenes, interruptionScenes, noiseScenes } from './sets.ts';

export interface CorpusOptions {
  /** The same seed gives the same scenes, to the sample, whatever else is asked for. */
  readonly seed: number;
  /** Default: all. */
  readonly sets?: readonly SceneSet[];
  /** Scenes for each condition of each set. Default 8. */
  readonly perCondition?: number;
  /** Where recordings of people are looked for. Without them synthesised voices take their place. */
  readonly recordingsFolder?: string;
}

const MAKERS = {
  interruption: interruptionScenes,
  noise: noiseScenes,
  backchannel: backchannelScenes,
  hesitation: hesitationScenes,
  echo: (cast, count) => echoScenes(cast, count, 'echo'),
  'echo-interruption': (cast, count) => echoScenes(cast, count, 'echo-interruption'),
  gaps: gapScenes,
} as const satisfies Record<SceneSet, (cast: Cast, perCondition: number) => Scene[]>;

/** Makes labelled pieces of calls, in this thread: about 25 ms each, and 3 s for the voices at first. */
export async function buildScenes({
  seed,
  sets = SCENE_SETS,
  perCondition = 8,
  recordingsFolder,
}: CorpusOptions): Promise<Scene[]> {
  const cast = await Cast.gather(seed, recordingsFolder);
  return sets.flatMap((set) => MAKERS[set](cast, perCondition));
}
