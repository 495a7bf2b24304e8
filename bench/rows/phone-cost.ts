import { FEW_CALLS, HUNDRED_CALLS_SECONDS, type HundredCalls, MANY_CALLS } from '../acs/hundred-calls.ts';
import { contentionNote, cpuOf, mainThreadCpuOf } from '../acs/talk-figures.ts';
import { differenceOf, meanOf } from '../harness/statistics.ts';
import type { Line, Measure, Row, RowContext, RowResult } from '../row.ts';

/** What a talking phone call costs the host. */
export const phoneCostRow = (calls: HundredCalls): Row => ({
  name: 'phone-cost',
  title: 'Cost of a talking phone call',
  includes:
    `All threads of the stream host’s process: media socket, voice activity, the Speech SDK’s recogniser and synthesiser, ` +
    'the model’s client, the engine, records in Redis and the log. What a call adds is the difference between ' +
    `${MANY_CALLS} and ${FEW_CALLS} calls in one process; callers talk, listen and cut in every six seconds or so. Memory ` +
    'is read on the way up, CPU on the way down, when all code has been compiled.',
  leavesOut:
    'TLS. The recogniser’s own share is of a process that does nothing but feed the product’s recogniser, less the ' +
    'feeding.',
  estimateSeconds: HUNDRED_CALLS_SECONDS,
  run: (context) => run(calls, context),
});

async function run(calls: HundredCalls, context: RowContext): Promise<RowResult> {
  const { few, fewRssMb, many, liveMb, recogniser } = await calls.run(context);
  const more = MANY_CALLS - FEW_CALLS;
  const perCall = (figure: (measured: (typeof many)[number]) => number, base: readonly number[] = few.map(figure)) =>
    differenceOf(many.map(figure), base, more);
  const recogniserCost = ({ with: used, without }: typeof recogniser.cpu) => differenceOf(used, without, 1);
  const line = (label: string, unit: string, parley: Measure, target?: string): Line => ({
    label,
    unit,
    better: 'lower',
    ...(target !== undefined && { target }),
    results: { parley },
  });
  // Read again and again, but of one process: another one may settle elsewhere.
  const wholeHost: Measure = { ...meanOf(fewRssMb), open: 'both' };
  const whole = many.map((measured) => cpuOf(measured) / MANY_CALLS);
  return {
    lines: [
      line('CPU that a call adds', '% of a core', perCall(cpuOf), '≤ 0.45'),
      line('of it on the main thread', '% of a core', perCall(mainThreadCpuOf)),
      line('the recogniser alone', '% of a core', recogniserCost(recogniser.cpu)),
      line(`CPU of the whole host, for each of ${MANY_CALLS}`, '% of a core', meanOf(whole)),
      line(
        'memory that a call adds',
        'MB',
        perCall(({ host }) => host.rssMb, fewRssMb),
        '≤ 1.5',
      ),
      line('of it in use after a collection', 'MB', differenceOf(liveMb.many, liveMb.few, more)),
      line('the recogniser alone, memory', 'MB', recogniserCost(recogniser.memoryMb)),
      line(`memory of the whole host with ${FEW_CALLS} calls`, 'MB', wholeHost),
    ],
    plots: [],
    notes: [contentionNote(many)],
  };
}
