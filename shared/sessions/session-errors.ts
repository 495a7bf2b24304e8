import { DependencyError, messageOf, NotFoundError, ParleyError } from '../errors.ts';

/** The session was changed by somebody else since it was read. Read it again, or use `SessionStore.update`. */
export class VersionConflictError extends ParleyError {
  constructor(id: string, expected: number, actual: number) {
    super(
      'session.version-conflict',
      `Session ${id} is at version ${actual}, not ${expected}: read it again and retry`,
      {
        details: { expected, actual },
      },
    );
  }
}

/** What stands under a session's key is not a session that this release can read. */
export class DamagedSessionError extends ParleyError {
  constructor(id: string, what: string) {
    super(
      'session.damaged',
      `What Redis holds for session ${id} cannot be read (${what}); delete its keys to be rid of it`,
    );
  }
}

export const sessionNotFound = (id: string) => new NotFoundError('session.not-found', `There is no session ${id}`);

export const leaseLost = (id: string) =>
  new ParleyError('session.lease-lost', `Another replica speaks for session ${id} by now; write nothing more to it`);

/** Asks Redis for a change, and says of a failure what it means. */
export async function askRedis<Reply>(command: () => Promise<Reply>): Promise<Reply> {
  try {
    return await command();
  } catch (error) {
    throw redisFailure(error);
  }
}

/** Reads from Redis, and says of a failure what it means: nobody needs to wonder whether something was changed. */
export async function readRedis<Reply>(command: () => Promise<Reply>): Promise<Reply> {
  try {
    return await command();
  } catch (error) {
    throw redisFailure(error, 'read');
  }
}

/**
 * What a failed Redis command means to the caller.
 *
 * Only the message of the client's error goes into the chain: the error itself carries the command with its arguments,
 * and those hold phone numbers and words that were said. An error that is a mistake in our own code is nobody's outage:
 * it is `internal`, and trying again cannot help.
 */
export function redisFailure(error: unknown, command: 'read' | 'change' = 'change'): ParleyError {
  if (error instanceof ParleyError) return error;
  if (isMistake(error)) {
    return new ParleyError('internal', 'A command for Redis could not be made; this is a fault of Parley', {
      cause: error,
    });
  }
  const said = messageOf(error).replace(/, with args beginning with.*/s, '');
  const cause = new Error(said);
  if (said.startsWith('WRONGTYPE')) {
    return new ParleyError(
      'redis.foreign-key',
      'A key of Parley in Redis holds something else; is this Redis shared?',
      {
        cause,
      },
    );
  }
  if (error instanceof Error && error.name === 'ReplyError') {
    return new DependencyError('redis.refused', `Redis refused a command: ${said}`, cause);
  }
  return new DependencyError(
    'redis.unavailable',
    `Redis did not answer (${said})${command === 'change' ? '; the change may or may not have been made' : ''}. Check that it runs and REDIS_URL is right`,
    cause,
  );
}

/** The client fails with plain errors; these come from code. */
const isMistake = (error: unknown): boolean =>
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof SyntaxError ||
  error instanceof ReferenceError;
