import { NotFoundError, RequestError } from '../../shared/errors.ts';
import type { Answer, Input } from '../../shared/http/route.ts';
import { readCallRecord } from '../../shared/http/routes/records.ts';
import { readLines } from '../../shared/records/read-record.ts';
import { isLinesFile } from '../../shared/records/record-store.ts';
import { isSessionId } from '../../shared/sessions/keys.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { lookUpSession } from './find-session.ts';

/** The record of a call as JSON lines. */
export const callRecordRoute = functionRoute(readCallRecord, read);

/** What a process can hold for one answer: the platform has no streams for us. */
const MOST_BYTES = 64 * 1024 * 1024;
const IS_INPUT = /^\{"at_ms":[\d.]+,"line":"input"/;

async function read(
  { params, query }: Input<typeof readCallRecord>,
  { store, records }: Parts,
): Promise<Answer<typeof readCallRecord>> {
  if (records === undefined) {
    throw new NotFoundError('records.none-kept', 'No records are kept: set CALL_RECORDS_URL or CALL_RECORDS_DIR.');
  }
  const sessionId = (await lookUpSession(store, params.id))?.id ?? params.id;
  const files = isSessionId(sessionId) ? (await records.files(sessionId)).filter(({ name }) => isLinesFile(name)) : [];
  if (files.length === 0) throw new NotFoundError('records.not-found', 'There is no record of such a call.');
  const wantsInputs = query.inputs === 'true';
  if (wantsInputs && files.reduce((sum, { bytes }) => sum + bytes, 0) > MOST_BYTES) throw tooLarge();
  const kept: string[] = [];
  let [rest, length] = ['', 0];
  const decoder = new TextDecoder();
  for await (const bytes of readLines(records, sessionId)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!wantsInputs && IS_INPUT.test(line)) continue;
      length += line.length + 1;
      if (length > MOST_BYTES) throw tooLarge();
      kept.push(`${line}\n`);
    }
  }
  return { status: 200, body: kept.join('') };
}

const tooLarge = () =>
  new RequestError(
    'records.too-large',
    'The record is larger than 64 MB: ask with inputs=false, or read it where it is kept.',
  );
