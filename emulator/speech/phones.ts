/** One speech sound by Flite's name for it; `pau` is a pause. It begins where the one before it ends. */
export interface Phone {
  readonly name: string;
  readonly endMs: number;
}

export const PAUSE = 'pau';

/**
 * Reads what `flite -psdur` prints: `pau:0.224 w:0.296 …`, one line for each utterance with its own time from zero.
 * Times are scaled to the audio's real length: they match it to a millisecond with the statistical voices, and to a few
 * per cent with the diphone voice.
 */
export function readPhones(printed: string, audioMs: number): Phone[] {
  const phones: Phone[] = [];
  let utteranceStartMs = 0;
  for (const line of printed.split('\n')) {
    let endMs = utteranceStartMs;
    for (const [, name = '', seconds] of line.matchAll(/(\S+):(\d+(?:\.\d+)?)/g)) {
      endMs = utteranceStartMs + Number(seconds) * 1000;
      phones.push({ name, endMs });
    }
    utteranceStartMs = endMs;
  }
  const scale = utteranceStartMs > 0 ? audioMs / utteranceStartMs : 1;
  return phones.map(({ name, endMs }) => ({ name, endMs: endMs * scale }));
}

/** Reads what `flite -ps` prints, `pau w ah t pau ih z pau`, as the groups of sounds between the pauses. */
export function splitAtPauses(printed: string): string[][] {
  const groups: string[][] = [];
  let group: string[] = [];
  for (const name of [...printed.split(/\s+/).filter(Boolean), PAUSE]) {
    if (name !== PAUSE) {
      group.push(name);
    } else if (group.length > 0) {
      groups.push(group);
      group = [];
    }
  }
  return groups;
}
