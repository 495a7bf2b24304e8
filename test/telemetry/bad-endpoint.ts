import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { listening } from '../../shared/testing/listening.ts';
import { headOf, line, type TalkFigures, talking, withSpread } from './talk-under-load.ts';

/**
 * `node test/telemetry/bad-endpoint.ts [--calls 50] [--minutes 5] [--azure]`: one host whose calls talk, while whoever takes
 * its telemetry works, is down, answers after half a minute, 429, and 500, each for so long. Memory must not grow and the
 * event loop must not be late by it. With `--azure` it is told as Application Insights, without as OTLP.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '5' },
    azure: { type: 'boolean', default: false },
  },
});
const [calls, minutes] = [Number(values.calls), Number(values.minutes)];
/** Memory is read so often. */
const READINGS = 6;

let mood: 'takes all' | 'down' | 'slow, 30 s' | '429' | '500' = 'takes all';
let requests = 0;
const server = createServer((request, response) => {
  requests += 1;
  request.resume();
  const answer = (status: number) => response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  if (mood === 'down') request.socket.destroy();
  else if (mood === 'slow, 30 s') setTimeout(() => answer(200), 30_000).unref();
  else request.on('end', () => answer(mood === 'takes all' ? 200 : Number(mood)));
});
const url = `http://127.0.0.1:${await listening(server)}`;
const key = 'InstrumentationKey=11111111-2222-4333-8444-555555555555';
const settings: Record<string, string> = values.azure
  ? { APPLICATIONINSIGHTS_CONNECTION_STRING: `${key};IngestionEndpoint=${url}/` }
  : { OTEL_EXPORTER_OTLP_ENDPOINT: url };

await talking('bad-endpoint', calls, settings, async (measure) => {
  headOf(
    'the endpoint',
    'requests',
    'memory, MB',
    'its slope, MB a minute',
    'event loop delay p99, ms',
    'first sound p95, ms',
  );
  for (const next of ['takes all', 'down', 'slow, 30 s', '429', '500'] as const) {
    mood = next;
    requests = 0;
    const seen: TalkFigures[] = [];
    while (seen.length < READINGS) seen.push(await measure((minutes * 60) / READINGS, 1));
    const of = (figure: keyof TalkFigures) => seen.map((each) => each[figure]);
    const slope = slopeOf(of('rssMb')) * (READINGS / minutes);
    line(
      next,
      requests,
      withSpread(of('rssMb'), 0),
      slope.toFixed(2),
      withSpread(of('loopDelayMs')),
      withSpread(of('firstSoundLateMs'), 0),
    );
  }
});
process.exit(0);

/** By least squares, a reading. */
function slopeOf(ys: readonly number[]): number {
  const middle = (ys.length - 1) / 2;
  const mean = ys.reduce((sum, y) => sum + y, 0) / ys.length;
  const over = ys.reduce((sum, y, x) => sum + (x - middle) * (y - mean), 0);
  return over / ys.reduce((sum, _, x) => sum + (x - middle) ** 2, 0);
}
