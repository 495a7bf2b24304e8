import { type CallTraces, SLOW_MS } from '../telemetry/call-traces.ts';
import { RecordErased, type RecordStore } from './record-store.ts';

/**
 * Shows how the storage of records does, in the traces of the calls that are recorded: where a record begins, and where an
 * addition to it, of which there is one a second, is slow or fails.
 * @param url of the storage; undefined where records are kept in a folder
 */
export function tracedRecords(
  store: RecordStore | undefined,
  url: string | undefined,
  traces: Pick<CallTraces, 'client' | 'isOn'>,
): RecordStore | undefined {
  if (store === undefined || url === undefined || !traces.isOn) return store;
  // What was erased meanwhile takes no more, and should not.
  const isFailure = (thrown: unknown) => !(thrown instanceof RecordErased);
  const put = { dependency: 'blob', method: 'PUT', url, isRetried: true, isFailure } as const;
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
