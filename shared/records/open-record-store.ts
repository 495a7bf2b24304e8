import type { TokenCredential } from '@azure/identity';
import { BlobRecordStore } from './blob-store.ts';
import { FolderRecordStore } from './folder-store.ts';
import type { RecordStore } from './record-store.ts';

export interface RecordSettings {
  readonly CALL_RECORDS_DIR?: string | undefined;
  readonly CALL_RECORDS_URL?: string | undefined;
}

/** Where this process keeps records, by its settings: a folder before Azure Storage, of which `npm start -- --identity` has only a part. Undefined where none are kept. */
export function openRecordStore(
  { CALL_RECORDS_DIR: folder, CALL_RECORDS_URL: url }: RecordSettings,
  credential: TokenCredential,
): RecordStore | undefined {
  if (folder !== undefined) return new FolderRecordStore(folder);
  return url === undefined ? undefined : new BlobRecordStore({ url, credential });
}
