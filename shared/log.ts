import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { ParleyError } from './errors.ts';
import { traceIdOf } from './telemetry/call-trace.ts';

export type { Logger } from 'pino';
export type ProcessName = 'functions' | 'stream-host' | 'emulator' | 'start' | 'call';

/** Fields that must not reach a log even when somebody logs a whole object. */
const PRIVATE_FIELDS = ['accessKey', 'apiKey', 'authorization', 'incomingCallContext', 'phoneNumber', 'text', 'ticket'];
/** However deep they stand, within reason; a field of the line itself was written down on purpose. */
const PRIVATE_PATHS = ['*', '*.*', '*.*.*', '*.*.*.*'].flatMap((above) =>
  PRIVATE_FIELDS.map((field) => `${above}.${field}`),
);

/**
 * The one logger of a process: JSON lines on standard output. Give a call's lines their ids with
 * `log.child({ session, call })`; those of a session have the id of its trace, too. Never log transcripts, phone numbers or
 * secrets.
 */
export function createLog(processName: ProcessName, level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { name: processName },
    // A new object each time: pino puts the line's own fields into it.
    mixin: (fields: object, _level: number, logger: Logger) => ({ ...(traceOf(fields) ?? traceOfLogger(logger)) }),
    redact: { paths: PRIVATE_PATHS, censor: '…' },
    serializers: { err: describeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

interface Traced {
  readonly traceId?: string;
}

/** By logger, whose session does not change. */
const traces = new WeakMap<Logger, Traced>();

function traceOfLogger(logger: Logger): Traced {
  const known = traces.get(logger);
  if (known !== undefined) return known;
  const traced = traceOf(logger.bindings()) ?? {};
  traces.set(logger, traced);
  return traced;
}

const traceOf = (fields: object): Traced | undefined =>
  'session' in fields && typeof fields.session === 'string' ? { traceId: traceIdOf(fields.session) } : undefined;

/** An error that was raised on purpose says all in its code and message; only one that nobody expected needs its stack. */
function describeError(error: Error): unknown {
  return error instanceof ParleyError ? { code: error.code, message: error.message } : stdSerializers.err(error);
}
