/** So many samples in a row cannot be alike by chance in speech. */
const ANCHOR_SAMPLES = 48;
/** A voice may be faded in; by now it is itself again. Each next place is tried when the one before is not found. */
const ANCHORS_AT = [1600, 800, 320, 3200, 4800, 8000, 12_000, 16_000, 0] as const;
const AUDIBLE = 60;

/**
 * Where in `whole` the piece `part` was taken from, by an exact match of a few milliseconds of its samples that are loud
 * enough to tell. Undefined where it is from somewhere else, or too quiet to say.
 */
export function locate(whole: Int16Array, part: Int16Array): number | undefined {
  for (const at of ANCHORS_AT) {
    const anchor = part.subarray(at, at + ANCHOR_SAMPLES);
    if (anchor.length < ANCHOR_SAMPLES || !anchor.some((sample) => Math.abs(sample) > AUDIBLE)) continue;
    const found = find(whole, anchor);
    if (found !== undefined) return found - at;
  }
  return;
}

function find(whole: Int16Array, anchor: Int16Array): number | undefined {
  const first = anchor[0] ?? 0;
  for (let at = whole.indexOf(first); at >= 0; at = whole.indexOf(first, at + 1)) {
    let length = 1;
    while (length < anchor.length && whole[at + length] === anchor[length]) length += 1;
    if (length === anchor.length) return at;
  }
  return;
}
