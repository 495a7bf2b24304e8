import type { Cast } from './cast.ts';
import { speakTurn, stretchPauses } from './hesitation.ts';
import { type LineCondition, type LinePlan, layLine, type Placed } from './line.ts';
import type { Random } from './random.ts';
import type { Gap, Scene, SceneSet } from './scene.ts';
import { msIn } from './signal.ts';
import type { Clip } from './speaker.ts';
import { BACKCHANNELS, HESITATION_KINDS, type HesitationKind, INTERRUPTIONS, TURNS } from './texts.ts';

const CLEAN: LineCondition = { name: 'clean' };
const LINES: readonly LineCondition[] = [
  CLEAN,
  { name: 'phone', phone: true },
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
const FRAME_MS = 20;
const SLOWNESSES = [0.9, 1, 1.1] as const;
const GAPS = ['lost', 'silent', 'both'] as const;
const LONGEST_GAP_FRAMES = 10;

export function interruptionScenes(cast: Cast, perCondition: number): Scene[] {
  return LINES.flatMap((condition, row) =>
    scenes(perCondition, (number) => {
      const random = cast.random.fork(`interruption/${condition.name}/${number}`);
      const placed = interruptionAt(cast, number + row, random, condition.events ? NOISE_AHEAD_MS : 0);
      return scene(cast, random, {
        ...{ set: 'interruption', number, condition, expect: 'interrupt', during: 'agent-speaking' },
        speech: [placed],
        eventsAtMs: [FIRST_SOUND_MS],
        afterMs: AFTER_INTERRUPTION_MS,
      });
    }),
  );
}

export function noiseScenes(cast: Cast, perCondition: number): Scene[] {
  return ALONE.flatMap((condition) =>
    scenes(perCondition, (number) => {
      const random = cast.random.fork(`noise/${condition.name}/${number}`);
      const eventsAtMs = [random.between(FIRST_SOUND_MS, 3000)];
      for (let i = 0; i < 2; i += 1) eventsAtMs.push((eventsAtMs.at(-1) ?? 0) + random.between(1800, 2600));
      const comesIn = condition.noise?.kind === 'babble' || condition.noise?.kind === 'hold-music';
      return scene(cast, random, {
        ...{ set: 'noise', number, condition, expect: 'carry-on', during: 'agent-speaking' },
        speech: [],
        eventsAtMs,
        ...(comesIn && { noiseFromMs: FIRST_SOUND_MS }),
        afterMs: AFTER_NOISE_MS,
      });
    }),
  );
}

export function backchannelScenes(cast: Cast, perCondition: number): Scene[] {
  const lines = LINES.filter(({ name }) => ['clean', 'phone', 'babble-20dB'].includes(name));
  return lines.flatMap((condition, row) =>
    scenes(perCondition, (number) => {
      const random = cast.random.fork(`backchannel/${condition.name}/${number}`);
      const { text, spoken } = BACKCHANNELS[(number + 3 * row) % BACKCHANNELS.length] ?? BACKCHANNELS[0] ?? NOTHING;
      const voice = VOICES_OF_LISTENERS[(number + row) % VOICES_OF_LISTENERS.length] ?? 'slt';
      const clip = named(cast.speaker.speak(spoken, voice, random.pick(SLOWNESSES)), text);
      const startMs = random.between(FIRST_SOUND_MS, 4500);
      return scene(cast, random, {
        ...{ set: 'backchannel', number, condition, expect: 'carry-on', during: 'agent-speaking' },
        speech: [{ clip, kind: 'backchannel', startMs, gainDb: random.between(-8, 0) }],
        eventsAtMs: [],
        afterMs: AFTER_NOISE_MS,
      });
    }),
  );
}
const NOTHING = { text: 'mhm', spoken: 'um hum' } as const;
const VOICES_OF_LISTENERS = ['slt', 'rms', 'awb', 'slt-high', 'rms-low', 'awb-high', 'kal16'] as const;

/** A backchannel is spelt for the synthesiser; the label holds what it stands for, as one word each. */
function named(clip: Clip, text: string): Clip {
  const words = text.split(' ');
  const [startMs, endMs] = [clip.words[0]?.startMs ?? 0, clip.words.at(-1)?.endMs ?? 0];
  const asSpoken = words.length === clip.words.length;
  const spread = words.map((word, index) => ({
    text: word,
    startMs: startMs + ((endMs - startMs) * index) / words.length,
    endMs: startMs + ((endMs - startMs) * (index + 1)) / words.length,
  }));
  return { ...clip, text, words: asSpoken ? clip.words : spread };
}

export function hesitationScenes(cast: Cast, perCondition: number): Scene[] {
  const kinds = HESITATION_KINDS.flatMap((kind) =>
    scenes(perCondition, (number) => {
      const random = cast.random.fork(`hesitation/${kind}/${number}`);
      // Every second one comes over a telephone, which changes neither what is said nor what should happen.
      const line = LINES[number % 2] ?? CLEAN;
      return turnScene(
        cast,
        random,
        'hesitation',
        kind,
        number,
        { ...line, name: kind },
        turnOf(cast, kind, number, random),
      );
    }),
  );
  const noisy = LINES.filter(({ name }) => ['white-20dB', 'babble-20dB'].includes(name)).flatMap((condition, row) =>
    scenes(perCondition, (number) => {
      const random = cast.random.fork(`hesitation/${condition.name}/${number}`);
      const kind = HESITATION_KINDS[(number + row) % HESITATION_KINDS.length] ?? 'filler';
      return turnScene(
        cast,
        random,
        'hesitation',
        condition.name,
        number,
        condition,
        turnOf(cast, kind, number + row, random),
      );
    }),
  );
  const recorded = scenes(cast.recordings.length > 0 ? perCondition : 0, (number) => {
    const random = cast.random.fork(`hesitation/recorded/${number}`);
    const clip = cast.recordings[number % cast.recordings.length];
    if (!clip) throw new RangeError('there are no recordings');
    const condition = { ...(LINES[number % 2] ?? CLEAN), name: 'recorded' };
    return turnScene(
      cast,
      random,
      'hesitation',
      'recorded',
      number,
      condition,
      stretchPauses(clip, number % 3, random),
    );
  });
  return [...kinds, ...noisy, ...recorded];
}

/** The caller speaks up while the agent speaks and its voice comes back; or does not, and only the echo is there. */
export function echoScenes(cast: Cast, perCondition: number, set: 'echo' | 'echo-interruption'): Scene[] {
  const paths = [-10, -20, -30].flatMap((gainDb) =>
    [60, 150, 400].map((delayMs) => ({ gainDb, delayMs, line: CLEAN })),
  );
  const noisy = [-10, -20].map((gainDb) => ({
    ...{ gainDb, delayMs: 150 },
    line: { name: 'white-20dB', noise: { kind: 'white', snrDb: 20 } } satisfies LineCondition,
  }));
  return [...paths, ...noisy].flatMap(({ gainDb, delayMs, line }, row) =>
    scenes(perCondition, (number) => {
      const name = `${gainDb}dB/${delayMs}ms${line.name === 'clean' ? '' : ` ${line.name}`}`;
      const random = cast.random.fork(`${set}/${name}/${number}`);
      const speaks = set === 'echo-interruption';
      const made = scene(cast, random, {
        ...{ set, number, condition: { ...line, name }, during: 'agent-speaking' },
        expect: speaks ? 'interrupt' : 'carry-on',
        speech: speaks ? [interruptionAt(cast, number + row, random, 0)] : [],
        eventsAtMs: [],
        afterMs: speaks ? AFTER_INTERRUPTION_MS : FIRST_SOUND_MS + AFTER_NOISE_MS,
      });
      return { ...made, echo: { gainDb, delayMs } };
    }),
  );
}

export function gapScenes(cast: Cast, perCondition: number): Scene[] {
  return GAPS.flatMap((which) =>
    scenes(perCondition, (number) => {
      const random = cast.random.fork(`gaps/${which}/${number}`);
      const kind = HESITATION_KINDS[number % HESITATION_KINDS.length] ?? 'complete';
      const made = turnScene(cast, random, 'gaps', which, number, { name: which }, turnOf(cast, kind, number, random));
      return { ...made, gaps: gapsIn(made, which, random) };
    }),
  );
}

/** Holes of 20 to 200 ms, two a second while the caller speaks and for a second after. */
function gapsIn({ utterances, audio }: Scene, which: (typeof GAPS)[number], random: Random): Gap[] {
  const gaps: Gap[] = [];
  const lastFrame =
    Math.min(audio.length / 320, ((utterances.at(-1)?.endMs ?? 0) + 1000) / FRAME_MS) - LONGEST_GAP_FRAMES;
  for (let at = (utterances[0]?.startMs ?? 0) / FRAME_MS; ; ) {
    at += random.between(15, 45);
    if (at > lastFrame) return gaps;
    const frames = random.whole(1, LONGEST_GAP_FRAMES);
    const kind = which === 'both' ? random.pick(['lost', 'silent'] as const) : which;
    gaps.push({ atFrame: Math.floor(at), frames, kind });
    at += frames;
  }
}

function turnOf(cast: Cast, kind: HesitationKind, number: number, random: Random): Clip {
  const texts = TURNS[kind];
  const voices = VOICES_OF_LISTENERS;
  const voice = voices[(number + HESITATION_KINDS.indexOf(kind)) % voices.length] ?? 'slt';
  return speakTurn(cast.speaker, texts[number % texts.length] ?? '', voice, random.pick(SLOWNESSES), random);
}

function turnScene(
  cast: Cast,
  random: Random,
  set: SceneSet,
  name: string,
  number: number,
  condition: LineCondition,
  clip: Clip,
): Scene {
  return scene(cast, random, {
    ...{ set, number, condition: { ...condition, name }, expect: 'one-turn', during: 'agent-listening' },
    speech: [{ clip, kind: 'turn', startMs: random.between(1000, 1600), gainDb: random.between(-6, 2) }],
    eventsAtMs: [],
    afterMs: AFTER_TURN_MS,
  });
}

function interruptionAt(cast: Cast, number: number, random: Random, laterMs: number): Placed {
  const speaker = cast.voiceOf(number);
  const text = random.pick(INTERRUPTIONS);
  const clip =
    'recording' in speaker ? speaker.recording : cast.speaker.speak(text, speaker.synthesised, random.pick(SLOWNESSES));
  const startMs = laterMs + random.between(FIRST_SOUND_MS, 4000);
  return { clip, kind: 'interruption', startMs, gainDb: random.between(-6, 2) };
}

interface SceneRecipe
  extends Pick<Scene, 'set' | 'during' | 'expect'>,
    Pick<LinePlan, 'condition' | 'speech' | 'eventsAtMs'> {
  readonly number: number;
  readonly noiseFromMs?: number;
  readonly afterMs: number;
}

function scene(cast: Cast, random: Random, recipe: SceneRecipe): Scene {
  const { set, number, condition, speech, eventsAtMs, during, expect, noiseFromMs = 0 } = recipe;
  const clip = speech[0]?.clip;
  const voice = clip?.voice ?? 'none';
  const spokenMs = speech.map((placed) => placed.startMs + msIn(placed.clip.samples.length));
  const lastMs = Math.max(FIRST_SOUND_MS, ...spokenMs, ...eventsAtMs);
  const lengthMs = FRAME_MS * Math.ceil((lastMs + recipe.afterMs) / FRAME_MS);
  const babble = (ms: number, from: Random) => cast.babble(ms, from, voice);
  const line = layLine({ condition, lengthMs, speech, eventsAtMs, noiseFromMs }, babble, random);
  const id = `${set}/${condition.name}/${voice}/${number}`;
  return { id, set, condition: condition.name, voice, recorded: clip?.recorded ?? false, during, expect, ...line };
}

function scenes(count: number, make: (number: number) => Scene): Scene[] {
  return Array.from({ length: count }, (_, number) => make(number));
}
