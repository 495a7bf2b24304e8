/**
 * What a person must know of a line on which nobody answers.
 * @param notice what the agent says at the beginning, so that people know it; empty: nothing; undefined: the server
 *   does not tell
 */
export function unansweredNote(notice: string | undefined): string {
  return ['Nobody answers here: what is said is written down.', noticeNote(notice)].filter(Boolean).join(' ');
}

/** What is said of it on the line itself. */
export function noticeNote(notice: string | undefined): string {
  if (notice === undefined) return '';
  if (notice === '') return 'No notice is set: whoever speaks is not told that it is written down.';
  return `The line says first: “${notice}”`;
}
