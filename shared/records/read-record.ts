import { z } from 'zod';
import { isLinesFile, type RecordStore } from './record-store.ts';
import { type Usage, usageSchema } from './usage.ts';

/** All lines of a record, one part after the other. Each part ends with a whole line, unless its host died writing. */
export async function* readLines(store: RecordStore, sessionId: string): AsyncIterable<Uint8Array> {
  for (const { name } of await store.files(sessionId)) {
    if (!isLinesFile(name)) continue;
    let last = NEWLINE;
    for await (const bytes of store.read(sessionId, name)) {
      last = bytes.at(-1) ?? last;
      yield bytes;
    }
    if (last !== NEWLINE) yield Uint8Array.of(NEWLINE);
  }
}

const NEWLINE = 10;
const usageLine = usageSchema.extend({ line: z.literal('usage') });
/** Begins every line of usage; others are not parsed, as there are a hundred for each. */
const IS_USAGE = /^\{"at_ms":[\d.]+,"line":"usage"/;

/**
 * What was used in the parts before this one, by hosts that held the call before.
 * @param before the number of the part that is being written
 */
export async function* usageBefore(store: RecordStore, sessionId: string, before: number): AsyncIterable<Usage> {
  for (const { name } of (await store.files(sessionId)).filter(({ name }) => isLinesFile(name)).slice(0, before - 1)) {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const bytes of store.read(sessionId, name)) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.flatMap(usageIn);
    }
    yield* usageIn(rest);
  }
}

function usageIn(line: string): Usage[] {
  if (!IS_USAGE.test(line)) return [];
  try {
    const { service, model, used } = usageLine.parse(JSON.parse(line));
    return [{ service, model, used }];
  } catch {
    // A host died in the middle of it.
    return [];
  }
}
