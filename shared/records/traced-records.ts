import type { CallTraces } from '../telemetry/call-traces.ts';
import type { RecordStore } from './record-store.ts';

/** Additions come once a second, of which a trace would be full: what is slower than this is told, and what fails. */
const SLOW_MS = 1_000;

/**
 * Shows how the storage of records does, in the traces of the calls that are recorded: where a record begins, and where an
 * addition to it is slow or fails.
 * @param url of the storage; undefined where records are kept in a folder
 */
export function tracedRecords(
  store: RecordStore | undefined,
  url: string | undefined,
  traces: Pick<CallTraces, 'client' | 'isOn'>,
): RecordStore | undefined {
  if (store === undefined || url === undefined || !traces.isOn) return store;
  const put = { dependency: 'blob', method: 'PUT', url } as const;
  return {
    begin(sessionId) {
      const addition = { ...put, sessionId, leastMs: SLOW_MS };
      return traces.client({ ...put, sessionId, operation: 'begin_record' }, async () => {
        const part = await store.begin(sessionId);
        return {
          number: part.number,
          appendLines: (lines) =>
            traces.client({ ...addition, operation: 'append_lines' }, () => part.appendLines(lines)),
          appendAudio: (pcm, format) =>
            traces.client({ ...addition, operation: 'append_audio' }, () => part.appendAudio(pcm, format)),
        };
      });
    },
    files: (sessionId) => store.files(sessionId),
    read: (sessionId, name) => store.read(sessionId, name),
    erase: (sessionId) => store.erase(sessionId),
  };
}
