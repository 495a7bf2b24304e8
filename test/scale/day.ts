import { parseArgs } from 'node:util';
import { type DayReport, simulateDay } from './testing/day/contact-centre.ts';

const HELP = `usage: node test/scale/day.ts [--percents 60,50,40,…] [--seeds 1] [--calls 120] [--spike 10] [--rises 60]

A day of a contact centre on a virtual clock: usual hours, a spike, a new release that is rolled out at 13:00, a
zone that is lost at 15:15, a slow neighbour at 16:30. Admission, places and announcements are the product's own;
replicas are started and stopped as Container Apps does by its rule, and take 20 to 60 s to start.

  --percents n,…  at which share of its places another replica is started: one day for each
  --least n       replicas that are always there
  --most n        replicas at most
  --seeds n,…     one day for each; their figures are added
  --calls n       calls at once in the busiest usual hour
  --spike n       how many times as many call in the spike (10:30 to 10:45)
  --rises s       how many seconds it takes to get there
`;
const PROMISE = 0.001;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    percents: { type: 'string', default: '60,50,40,35,30,25' },
    least: { type: 'string', default: '2' },
    most: { type: 'string', default: '20' },
    seeds: { type: 'string', default: '1' },
    calls: { type: 'string', default: '120' },
    spike: { type: 'string', default: '10' },
    rises: { type: 'string', default: '60' },
  },
});
const numbers = (text: string) => text.split(',').map(Number);
const given = [values.percents, values.least, values.most, values.seeds, values.calls, values.spike, values.rises];
if (values.help || !given.flatMap(numbers).every((value) => Number.isFinite(value) && value >= 0)) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const line = (cells: readonly (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
line([
  'another at',
  'calls',
  'refused or lost',
  '%',
  'worst minute',
  'late > 1.5 s',
  'moved',
  'most at once',
  'most replicas',
  'replica hours',
]);
line(Array<string>(10).fill('---'));
let isKept = false;
for (const outAtPercent of numbers(values.percents)) {
  const rule = {
    ...{ least: Number(values.least), most: Number(values.most), places: 100 },
    ...{ outAtPercent, drainSeconds: 590 },
  };
  const spike = { spike: Number(values.spike), spikeRisesMs: Number(values.rises) * 1000 };
  const days: DayReport[] = [];
  for (const seed of numbers(values.seeds)) {
    days.push(await simulateDay({ rule, seed, usualCalls: Number(values.calls), ...spike }));
  }
  const sum = (of: (day: DayReport) => number) => days.reduce((total, day) => total + of(day), 0);
  const most = (of: (day: DayReport) => number) => Math.max(...days.map(of));
  const [calls, failed] = [sum((day) => day.calls), sum((day) => day.refused + day.lost)];
  const worst = days.toSorted((a, b) => b.worstMinute.calls - a.worstMinute.calls)[0]?.worstMinute;
  isKept ||= failed / calls <= PROMISE;
  line([
    ...[`${outAtPercent} %`, calls, `${sum((day) => day.refused)} + ${sum((day) => day.lost)}`],
    ...[((100 * failed) / calls).toFixed(2), worst && worst.calls > 0 ? `${worst.at}: ${worst.calls}` : 'none'],
    ...[sum((day) => day.late), sum((day) => day.moved), most((day) => day.mostAtOnce)],
    ...[most((day) => day.peakReplicas), (sum((day) => day.replicaHours) / days.length).toFixed(0)],
  ]);
}
process.exit(isKept ? 0 : 1);
