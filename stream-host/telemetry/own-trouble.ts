import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';

const MINUTE_MS = 60_000;
/** Where somebody puts a whole answer into a line. */
const LONGEST = 200;
/** What the queue of spans says when it has room again. */
const DROPPED = /^Dropped (\d+) spans/;

/**
 * What the SDK has to complain of goes into our log, the first of a minute in its own words and the others as a count:
 * where the endpoint is away it complains of every batch, on the console. To be called after the SDK has started, which
 * puts a logger of its own there.
 * @param onDropped told of spans that the queue had no room for
 */
export function tellOwnTrouble(clock: Clock, log: Logger, onDropped: (spans: number) => void): void {
  let untilMs = Number.NEGATIVE_INFINITY;
  let more = 0;
  const tell = (message: string): void => {
    const [, dropped] = DROPPED.exec(message) ?? [];
    if (dropped !== undefined) onDropped(Number(dropped));
    const nowMs = clock.now();
    if (nowMs < untilMs) {
      more += 1;
      return;
    }
    // Some of it is a whole error as JSON, stack and all.
    const reason = (/\w*Error: [^\\\n"]+/.exec(message)?.[0] ?? message).slice(0, LONGEST);
    log.warn({ reason, more }, 'telemetry could not be sent');
    untilMs = nowMs + MINUTE_MS;
    more = 0;
  };
  const nothing = () => {};
  const logger: DiagLogger = { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
