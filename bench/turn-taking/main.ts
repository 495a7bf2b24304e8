import { parseArgs } from 'node:util';
import { z } from 'zod';
import { buildScenes } from '../corpus/corpus.ts';
import { SCENE_SETS } from '../corpus/scene.ts';
import { Speaker } from '../corpus/speaker.ts';
import { AgentSpeech } from './agent.ts';
import { Detector } from './detector.ts';
import { plainFixedDelay } from './policies.ts';
import { scoreScenes } from './score-scenes.ts';
import { type Spread, type Summary, summarise } from './summary.ts';

const USAGE = `Scores the turn-taking of the conversation engine on labelled pieces of calls, on a virtual clock.

  node bench/turn-taking/main.ts [options]

  --set NAME       one of ${SCENE_SETS.join(', ')}; may be given again. Default: all
  --policy JSON    what differs from the engine's own turn policy; given again, one table for each. Or "plain":
                   stops for good at any onset, one fixed pause of 500 ms; "plain:700" for another length
  --per N          scenes for each condition. Default 8
  --seed N         Default 1
  --recorded       only scenes in which a person was recorded
  --detail         a line for every condition, not only for every set
  --scenes TEXT    prints every outcome whose id has TEXT in it ("" for all), as JSON
`;

const { values } = parseArgs({
  options: {
    set: { type: 'string', multiple: true },
    policy: { type: 'string', multiple: true },
    per: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    recorded: { type: 'boolean', default: false },
    detail: { type: 'boolean', default: false },
    scenes: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit();
}

const settings = z
  .object({
    set: z.array(z.enum(SCENE_SETS)).default([...SCENE_SETS]),
    policy: z.array(z.record(z.string(), z.unknown())).default([{}]),
    per: z.coerce.number().int().positive(),
    seed: z.coerce.number().int(),
  })
  .parse({ ...values, policy: values.policy?.map(readPolicy) });

const [built, detector, speech] = await Promise.all([
  buildScenes({ seed: settings.seed, sets: settings.set, perCondition: settings.per }),
  Detector.load(),
  Speaker.load().then((speaker) => new AgentSpeech(speaker)),
]);
const scenes = built.filter(({ recorded }) => recorded || !values.recorded);
for (const policy of settings.policy) {
  const outcomes = await scoreScenes(scenes, { policy, detector, speech });
  console.log(`\n${scenes.length} scenes, seed ${settings.seed}, policy ${JSON.stringify(policy)}`);
  const summaries = summarise(outcomes).filter(({ condition }) => values.detail || condition === undefined);
  console.table(Object.fromEntries(summaries.map((summary) => [nameOf(summary), rowOf(summary)])));
  const { scenes: wanted } = values;
  if (wanted === undefined) continue;
  for (const outcome of outcomes.filter(({ id }) => id.includes(wanted))) console.log(JSON.stringify(outcome, rounded));
}
await detector.close();

function readPolicy(text: string): unknown {
  const [name, holdMs = '500'] = text.split(':');
  return name === 'plain' ? plainFixedDelay(Number(holdMs)) : JSON.parse(text);
}

function nameOf({ set, condition }: Summary): string {
  return condition === undefined ? set.toUpperCase() : `${set} ${condition}`;
}

function rowOf(summary: Summary): Record<string, string | number> {
  const { stopMs, resumeGapMs, endOfTurnMs } = summary;
  return {
    n: summary.scenes,
    'stop p50/p95': middleAndTail(stopMs),
    missed: summary.missed,
    'wrong resume': summary.wrongResumes,
    'false stops': summary.falseStops,
    resumed: summary.resumed,
    'gap p50/p95': middleAndTail(resumeGapMs),
    'lost/rep ms': `${Math.round(summary.lostMs)}/${Math.round(summary.repeatedMs)}`,
    'end mean/p50/p95': endOfTurnMs ? `${Math.round(endOfTurnMs.mean)}/${middleAndTail(endOfTurnMs)}` : '',
    'cut off': summary.cutOffs,
    unanswered: summary.unanswered,
    'extra answers': summary.extraReplies,
    drafts: summary.drafts,
    'words -/+': `${summary.lostWords}/${summary.extraWords}`,
    faults: summary.faults,
  };
}

function middleAndTail(spread: Spread | undefined): string {
  return spread ? `${Math.round(spread.p50)}/${Math.round(spread.p95)}` : '';
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value) : value;
}
