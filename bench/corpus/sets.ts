import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Random } from '../random.ts';
import { Cast } from './cast.ts';
import { speakTurn, stretchPauses } from './hesitation.ts';
import { type LineCondition, type LinePlan, layLine, type Placed } from './line.ts';
import { loadRecordings } from './recordings.ts';
import { SCENE_SETS, type Scene, type SceneSet } from './scene.ts';
import { msIn } from './signal.ts';
import { type Clip, Speaker } from './speaker.ts';
import { BACKCHANNELS, HESITATION_KINDS, INTERRUPTIONS, TURNS } from './texts.ts';

const CLEAN: LineCondition = { name: 'clean' };
const PHONE: LineCondition = { name: 'phone', phone: true };
const LINES: readonly LineCondition[] = [
  ...[CLEAN, PHONE],
  { name: 'white-20dB', noise: { kind: 'white', snrDb: 20 } },
  { name: 'white-10dB', noise: { kind: 'white', snrDb: 10 } },
  { name: 'babble-20dB', noise: { kind: 'babble', snrDb: 20 } },
  { name: 'babble-10dB', noise: { kind: 'babble', snrDb: 10 } },
  { name: 'phone-babble-10dB', noise: { kind: 'babble', snrDb: 10 }, phone: true },
  { name: 'hum', noise: { kind: 'hum', snrDb: 15 } },
  { name: 'clicks', events: 'click' },
  { name: 'coughs', events: 'cough' },
  { name: 'breath', events: 'breath' },
  { name: 'hold-music', noise: { kind: 'hold-music', snrDb: 15 } },
];
const linesNamed = (...names: string[]) => LINES.filter(({ name }) => names.includes(name));
/** Music that takes the caller's place is as loud as the caller was. */
const ALONE: readonly LineCondition[] = LINES.map((line) =>
  line.name === 'hold-music' ? { ...line, noise: { kind: 'hold-music', snrDb: 3 } } : line,
);

/** The agent has been speaking for a while before the first sound. */
const FIRST_SOUND_MS = 2500;
/** What happens after the last sound is part of the scene: an answer, or the agent's going on. */
const AFTER_INTERRUPTION_MS = 3500;
const AFTER_NOISE_MS = 3000;
const AFTER_TURN_MS = 4000;
/** Noise that is heard before an interruption has been dealt with by then. */
const NOISE_AHEAD_MS = 2200;
const SLOWNESSES = [0.9, 1, 1.1] as const;
const LISTENERS = ['slt', 'rms', 'awb', 'slt-high', 'rms-low', 'awb-high', 'kal16'] as const;

export interface CorpusOptions {
  /** The same seed gives the same scenes, to the sample, whatever else is asked for. */
  readonly seed: number;
  /** How many scenes for each condition of which sets. */
  readonly sets: Readonly<Partial<Record<SceneSet, number>>>;
  /** Which of the conditions; all, unless told otherwise. */
  readonly wants?: (condition: string) => boolean;
  /** Where recordings of people are looked for. Without them synthesised voices take their place. */
  readonly recordingsFolder?: string;
}

/** Makes labelled pieces of calls, in this thread: about 25 ms each, and 3 s for the voices at first. */
export async function buildScenes({
  seed,
  sets,
  recordingsFolder,
  wants = () => true,
}: CorpusOptions): Promise<Scene[]> {
  const cast = new Cast(await Speaker.load(), await loadRecordings(recordingsFolder), seed);
  return SCENE_SETS.flatMap((set) => MAKERS[set]({ cast, set, wants, perCondition: sets[set] ?? 0 }));
}

interface SetPlan {
  readonly cast: Cast;
  readonly set: SceneSet;
  readonly wants: (condition: string) => boolean;
  readonly perCondition: number;
}
type Recipe = Pick<Scene, 'during' | 'echo'> &
  Partial<Pick<LinePlan, 'said' | 'eventsAtMs' | 'noiseFromMs'>> & { readonly afterMs: number };

const MAKERS: Readonly<Record<SceneSet, (plan: SetPlan) => Scene[]>> = {
  interruption: (plan) =>
    scenes(plan, LINES, (random, number, { events }, row) => ({
      ...{ during: 'agent-speaking', afterMs: AFTER_INTERRUPTION_MS },
      said: interruptionAt(plan.cast, number + row, random, events ? NOISE_AHEAD_MS : 0),
      eventsAtMs: [FIRST_SOUND_MS],
    })),
  noise: (plan) =>
    scenes(plan, ALONE, (random, _number, { noise }) => {
      const eventsAtMs = [random.between(FIRST_SOUND_MS, 3000)];
      for (let i = 0; i < 2; i += 1) eventsAtMs.push((eventsAtMs.at(-1) ?? 0) + random.between(1800, 2600));
      const comesIn = noise?.kind === 'babble' || noise?.kind === 'hold-music';
      const noiseFromMs = comesIn ? FIRST_SOUND_MS : 0;
      return { during: 'agent-speaking', afterMs: AFTER_NOISE_MS, eventsAtMs, noiseFromMs };
    }),
  backchannel: (plan) =>
    scenes(plan, linesNamed('clean', 'phone', 'babble-20dB'), (random, number, _line, row) => {
      const { text = 'mhm', spoken = 'um hum' } = BACKCHANNELS[(number + 3 * row) % BACKCHANNELS.length] ?? {};
      const voice = LISTENERS[(number + row) % LISTENERS.length] ?? 'slt';
      const clip = plan.cast.speaker.speak(spoken, voice, random.pick(SLOWNESSES));
      // What is spelt for the synthesiser is labelled as what it stands for, which is one word.
      const words = text === spoken ? clip.words : [{ text, startMs: 0, endMs: msIn(clip.samples.length) }];
      const placed = { clip: { ...clip, text, words }, startMs: random.between(FIRST_SOUND_MS, 4500) };
      const said = { ...placed, gainDb: random.between(-8, 0), kind: 'backchannel' } as const;
      return { during: 'agent-speaking', afterMs: AFTER_NOISE_MS, said };
    }),
  hesitation(plan) {
    const { cast } = plan;
    // Every second one comes over a telephone, which changes neither what is said nor what should happen.
    const everySecond = (name: string) => (number: number) => ({ ...(number % 2 === 1 ? PHONE : CLEAN), name });
    const kinds = scenes(plan, HESITATION_KINDS.map(everySecond), (random, number, { name }) =>
      turn(turnOf(cast, HESITATION_KINDS.find((kind) => kind === name) ?? 'filler', number, random), random),
    );
    const noisy = scenes(plan, linesNamed('white-20dB', 'babble-20dB'), (random, number, _line, row) => {
      const kind = HESITATION_KINDS[(number + row) % HESITATION_KINDS.length] ?? 'filler';
      return turn(turnOf(cast, kind, number + row, random), random);
    });
    const recorded = scenes(plan, cast.recordings.length > 0 ? [everySecond('recorded')] : [], (random, number) => {
      const clip = cast.recordings[number % cast.recordings.length];
      if (!clip) throw new RangeError('there are no recordings');
      return turn(stretchPauses(clip, number % 3, random), random);
    });
    return [...kinds, ...noisy, ...recorded];
  },
  echo: (plan) => echoScenes(plan),
  'echo-interruption': (plan) => echoScenes(plan),
};

/** The caller speaks up while the agent speaks and its voice comes back; or does not, and only the echo is there. */
function echoScenes(plan: SetPlan): Scene[] {
  const speaks = plan.set === 'echo-interruption';
  const paths = [-10, -20, -30].flatMap((gainDb) =>
    [60, 150, 400].map((delayMs) => ({ gainDb, delayMs, line: CLEAN })),
  );
  const [noise = CLEAN] = linesNamed('white-20dB');
  const noisy = [-10, -20].map((gainDb) => ({ gainDb, delayMs: 150, line: noise }));
  return [...paths, ...noisy].flatMap(({ gainDb, delayMs, line }, row) => {
    const name = `${gainDb}dB/${delayMs}ms${line === CLEAN ? '' : ` ${line.name}`}`;
    return scenes(plan, [{ ...line, name }], (random, number) => ({
      ...{ during: 'agent-speaking', echo: { gainDb, delayMs } },
      said: speaks ? interruptionAt(plan.cast, number + row, random, 0) : undefined,
      afterMs: speaks ? AFTER_INTERRUPTION_MS : FIRST_SOUND_MS + AFTER_NOISE_MS,
    }));
  });
}

function turnOf({ speaker }: Cast, kind: (typeof HESITATION_KINDS)[number], number: number, random: Random): Clip {
  const texts = TURNS[kind];
  const voice = LISTENERS[(number + HESITATION_KINDS.indexOf(kind)) % LISTENERS.length] ?? 'slt';
  return speakTurn(speaker, texts[number % texts.length] ?? '', voice, random.pick(SLOWNESSES), random);
}

const turn = (clip: Clip, random: Random): Recipe => ({
  ...{ during: 'agent-listening', afterMs: AFTER_TURN_MS },
  said: { clip, kind: 'turn', startMs: random.between(1000, 1600), gainDb: random.between(-6, 2) },
});

function interruptionAt(cast: Cast, number: number, random: Random, laterMs: number): Placed {
  const voice = cast.voiceOf(number);
  const text = random.pick(INTERRUPTIONS);
  const clip = typeof voice === 'string' ? cast.speaker.speak(text, voice, random.pick(SLOWNESSES)) : voice;
  const startMs = laterMs + random.between(FIRST_SOUND_MS, 4000);
  return { clip, kind: 'interruption', startMs, gainDb: random.between(-6, 2) };
}

/** So many scenes of each condition, each with chances of its own. */
function scenes(
  { cast, set, perCondition, wants }: SetPlan,
  all: readonly (LineCondition | ((number: number) => LineCondition))[],
  recipeOf: (random: Random, number: number, condition: LineCondition, row: number) => Recipe,
): Scene[] {
  return all.flatMap((which, row) =>
    Array.from({ length: perCondition }, (_, number) => number).flatMap((number) => {
      const condition = typeof which === 'function' ? which(number) : which;
      if (!wants(condition.name)) return [];
      const random = cast.random.fork(`${set}/${condition.name}/${number}`);
      const recipe = recipeOf(random, number, condition, row);
      const { said, during, eventsAtMs = [], noiseFromMs = 0, afterMs, echo } = recipe;
      const voice = said?.clip.voice ?? 'none';
      const spokenMs = said ? said.startMs + msIn(said.clip.samples.length) : 0;
      const lastMs = Math.max(FIRST_SOUND_MS, spokenMs, ...eventsAtMs);
      const lengthMs = FRAME_MS * Math.ceil((lastMs + afterMs) / FRAME_MS);
      const babble = (ms: number, from: Random) => cast.babble(ms, from, voice);
      const line = layLine({ condition, lengthMs, said, eventsAtMs, noiseFromMs }, babble, random);
      const id = `${set}/${condition.name}/${voice}/${number}`;
      const labels = { id, set, condition: condition.name, voice, recorded: said?.clip.recorded ?? false, during };
      return { ...labels, ...line, ...(echo && { echo }) };
    }),
  );
}
