import type { TokenCredential } from '@azure/identity';
import type { AppendBlobClient, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { DependencyError } from '../errors.ts';
import { recordFolder } from './record-folder.ts';
import {
  type AudioFormat,
  audioName,
  inOrder,
  isLinesFile,
  isRecordFile,
  linesName,
  MOST_PARTS,
  partOf,
  RecordErased,
  type RecordFile,
  type RecordPart,
  type RecordStore,
} from './record-store.ts';
import { wavHeader } from './wav-header.ts';

export interface BlobStoreOptions {
  /** `https://<account>.blob.core.windows.net/<container>`: CALL_RECORDS_URL. */
  readonly url: string;
  readonly credential: TokenCredential;
  /** How long one request may take. */
  readonly requestMs?: number;
}

const REQUEST_MS = 10_000;

/**
 * Records in a container of Azure Storage, which takes nothing but the identity of the process. Lines are append blobs
 * (https://learn.microsoft.com/rest/api/storageservices/append-block), each append at the place where it belongs; audio is a
 * block blob whose list of blocks is committed anew with each addition, behind a new header: so it is a whole WAV file at
 * any time. Nothing is tried twice in here: whoever writes does that, and knows what waits meanwhile.
 */
export class BlobRecordStore implements RecordStore {
  readonly #options: BlobStoreOptions;
  #container: Promise<ContainerClient> | undefined;

  constructor(options: BlobStoreOptions) {
    this.#options = options;
  }

  async begin(sessionId: string): Promise<RecordPart> {
    const container = await this.#open();
    const prefix = prefixOf(sessionId);
    // Most calls have one part: nothing is listed for them.
    for (let number = 1; number <= MOST_PARTS; number = (await this.#lastPart(sessionId, number)) + 1) {
      const lines = container.getAppendBlobClient(prefix + linesName(number));
      if (await this.#isNew(lines)) {
        const audio = container.getBlockBlobClient(prefix + audioName(number));
        return new BlobPart(number, lines, audio, () => this.#signal());
      }
    }
    throw new DependencyError('records.refused', `A record has ${MOST_PARTS} parts already.`);
  }

  async files(sessionId: string): Promise<readonly RecordFile[]> {
    const prefix = prefixOf(sessionId);
    const blobs = await this.#list(sessionId);
    const files = blobs.map(({ name, bytes }) => ({ name: name.slice(prefix.length), bytes }));
    return inOrder(files.filter(({ name }) => isRecordFile(name)));
  }

  async *read(sessionId: string, name: string): AsyncIterable<Uint8Array> {
    const container = await this.#open();
    const blob = container.getBlobClient(prefixOf(sessionId) + name);
    const response = await asked(() => blob.download(0, undefined, { abortSignal: this.#signal() })).catch(ifMissing);
    for await (const chunk of response?.readableStreamBody ?? []) {
      yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    }
  }

  async erase(sessionId: string): Promise<readonly RecordFile[]> {
    const container = await this.#open();
    const prefix = prefixOf(sessionId);
    const erased: RecordFile[] = [];
    for (const { name, bytes } of await this.#list(sessionId)) {
      const gone = await asked(() =>
        container.getBlobClient(name).deleteIfExists({ deleteSnapshots: 'include', abortSignal: this.#signal() }),
      );
      if (gone.succeeded) erased.push({ name: name.slice(prefix.length), bytes });
    }
    return inOrder(erased);
  }

  async #isNew(lines: AppendBlobClient): Promise<boolean> {
    const conditions = { ifNoneMatch: '*' };
    const blobHTTPHeaders = { blobContentType: 'application/x-ndjson' };
    try {
      await asked(() => lines.create({ conditions, blobHTTPHeaders, abortSignal: this.#signal() }));
      return true;
    } catch (error) {
      if (storageCode(error) === 'BlobAlreadyExists') return false;
      throw error;
    }
  }

  /** @param atLeast a part that is known to be there */
  async #lastPart(sessionId: string, atLeast: number): Promise<number> {
    const files = await this.files(sessionId);
    return Math.max(atLeast, ...files.filter(({ name }) => isLinesFile(name)).map(({ name }) => partOf(name)));
  }

  async #list(sessionId: string): Promise<RecordFile[]> {
    const container = await this.#open();
    return asked(async () => {
      const found: RecordFile[] = [];
      const blobs = container.listBlobsFlat({ prefix: prefixOf(sessionId), abortSignal: this.#signal() });
      for await (const { name, properties } of blobs) found.push({ name, bytes: properties.contentLength ?? 0 });
      return found;
    });
  }

  /** Loaded by whoever keeps records there: it is a large package. */
  #open(): Promise<ContainerClient> {
    const { url, credential } = this.#options;
    this.#container ??= import('@azure/storage-blob').then(
      ({ ContainerClient: Client }) => new Client(url, credential, { retryOptions: { maxTries: 1 } }),
    );
    return this.#container;
  }

  #signal(): AbortSignal {
    return AbortSignal.timeout(this.#options.requestMs ?? REQUEST_MS);
  }
}

const prefixOf = (sessionId: string): string => `${recordFolder(sessionId)}/`;

class BlobPart implements RecordPart {
  readonly number: number;
  readonly #lines: AppendBlobClient;
  readonly #audio: BlockBlobClient;
  readonly #signal: () => AbortSignal;
  #lineBytes = 0;
  #audioBytes = 0;
  #blocks: readonly string[] = [];
  #etag: string | undefined;

  constructor(number: number, lines: AppendBlobClient, audio: BlockBlobClient, signal: () => AbortSignal) {
    this.number = number;
    this.#lines = lines;
    this.#audio = audio;
    this.#signal = signal;
  }

  async appendLines(lines: Uint8Array): Promise<void> {
    const conditions = { appendPosition: this.#lineBytes };
    try {
      await asked(() => this.#lines.appendBlock(lines, lines.length, { conditions, abortSignal: this.#signal() }));
    } catch (error) {
      if (storageCode(error) === 'BlobNotFound') throw new RecordErased();
      // Nobody else writes here: what stands behind that place is what we sent, though we never heard of it.
      if (storageCode(error) !== 'AppendPositionConditionNotMet') throw error;
      const { contentLength } = await asked(() => this.#lines.getProperties({ abortSignal: this.#signal() }));
      if (contentLength !== this.#lineBytes + lines.length) throw new RecordErased();
    }
    this.#lineBytes += lines.length;
  }

  async appendAudio(pcm: Uint8Array, format: AudioFormat): Promise<void> {
    const id = blockId(this.#blocks.length + 1);
    const header = wavHeader(format, this.#audioBytes + pcm.length);
    if (this.#etag === undefined) await this.#requireLines();
    try {
      await asked(() => this.#audio.stageBlock(id, pcm, pcm.length, { abortSignal: this.#signal() }));
      await asked(() => this.#audio.stageBlock(HEADER_BLOCK, header, header.length, { abortSignal: this.#signal() }));
      const blocks = [...this.#blocks, id];
      const { etag } = await asked(() =>
        this.#audio.commitBlockList([HEADER_BLOCK, ...blocks], {
          blobHTTPHeaders: { blobContentType: 'audio/wav' },
          // Only the first of it may make the blob: one that is gone later was erased.
          conditions: this.#etag === undefined ? {} : { ifMatch: '*' },
          abortSignal: this.#signal(),
        }),
      );
      this.#etag = etag ?? '*';
      this.#blocks = blocks;
      this.#audioBytes += pcm.length;
    } catch (error) {
      const code = storageCode(error);
      if (
        this.#etag !== undefined &&
        (code === 'ConditionNotMet' || code === 'BlobNotFound' || code === 'InvalidBlockList')
      ) {
        throw new RecordErased();
      }
      throw error;
    }
  }

  async #requireLines(): Promise<void> {
    const exists = await asked(() => this.#lines.exists({ abortSignal: this.#signal() }));
    if (!exists) throw new RecordErased();
  }
}

/** Ids of a blob's blocks have one length. */
const blockId = (number: number): string => Buffer.from(String(number).padStart(8, '0')).toString('base64');
const HEADER_BLOCK = blockId(0);

/** @throws {DependencyError} whatever storage says, with its own error as the cause */
async function asked<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    const { statusCode } = Object(error);
    const said = 'The storage of call records, CALL_RECORDS_URL,';
    if (statusCode === 429 || statusCode === 503) {
      throw new DependencyError('records.throttled', `${said} is too busy.`, error);
    }
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      throw new DependencyError('records.refused', `${said} said ${statusCode} ${codeOf(error)}.`, error);
    }
    throw new DependencyError('records.unreachable', `${said} gave no good answer.`, error);
  }
}

/** The word by which storage tells its errors apart. */
const storageCode = (error: unknown): string => (error instanceof DependencyError ? codeOf(error.cause) : '');

function codeOf(error: unknown): string {
  const { code, details } = Object(error);
  const named = typeof details === 'object' ? Object(details).errorCode : undefined;
  return typeof named === 'string' ? named : typeof code === 'string' ? code : '';
}

function ifMissing(error: unknown): undefined {
  if (storageCode(error) !== 'BlobNotFound') throw error;
}
