import { createHash } from 'node:crypto';

/** File systems allow 255 characters, and container names of blobs more. */
const LONGEST = 200;

/**
 * The name under which a session's record is kept. Ids may hold dots and colons, and browsers choose their own: whatever
 * one is, its folder is none of the file system's special names, and on one that ignores case two are never one.
 */
export function recordFolder(sessionId: string): string {
  const name = sessionId.replace(/[^a-z0-9_-]/g, (letter) => `~${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return name.length <= LONGEST ? name : `~h${createHash('sha256').update(sessionId).digest('hex')}`;
}
