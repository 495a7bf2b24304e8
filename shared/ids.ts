import { randomBytes, randomUUID } from 'node:crypto';

/** Where new ids come from, so that a test or a replay can say which. */
export type NewId = () => string;

/** Ids that nobody can guess. */
export const randomIds: NewId = () => randomUUID();

/** Secrets of 256 bits, of characters that headers and addresses take as they are. */
export const randomSecrets: NewId = () => randomBytes(32).toString('base64url');

/** Ids in order, for tests: `id-1`, `id-2`, … */
export function countedIds(prefix = 'id'): NewId {
  let count = 0;
  return () => `${prefix}-${++count}`;
}
