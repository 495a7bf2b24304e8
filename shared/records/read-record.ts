import { z } from 'zod';
import { jsonOf } from '../json.ts';
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
/** What the carrier has told of a recording. */
const recordingLine = z.object({ line: z.literal('event'), data: z.object({ recordingId: z.string() }) });
/** Begins every line of usage; others are not parsed, as there are a hundred for each. */
const IS_USAGE = /^\{"at_ms":[\d.]+,"line":"usage"/;

/**
 * What was used in the parts before this one, by hosts that held the call before.
 * @param before the number of the part that is being written
 */
export async function* usageBefore(store: RecordStore, sessionId: string, before: number): AsyncIterable<Usage> {
  const names = (await store.files(sessionId)).map(({ name }) => name).filter(isLinesFile);
  for (const name of names.slice(0, before - 1)) {
    for await (const line of textLines(store, sessionId, name)) yield* usageIn(line);
  }
}

/** The carrier's ids of what it has recorded of a call, as far as it has told of them; each may come more than once. */
export async function* carrierRecordingsIn(store: RecordStore, sessionId: string): AsyncIterable<string> {
  for (const { name } of await store.files(sessionId)) {
    if (!isLinesFile(name)) continue;
    for await (const line of textLines(store, sessionId, name)) {
      if (!line.includes('"recordingId"')) continue;
      const { data } = recordingLine.safeParse(jsonOf(line));
      if (data) yield data.data.recordingId;
    }
  }
}

async function* textLines(store: RecordStore, sessionId: string, name: string): AsyncIterable<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of store.read(sessionId, name)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
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
