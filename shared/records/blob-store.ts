import type { TokenCredential } from '@azure/identity';
import { wavHeader } from '../audio/wav-header.ts';
import { DependencyError } from '../errors.ts';
import { BlobContainer, storageCode } from './blob-container.ts';
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

export interface BlobStoreOptions {
  /** `https://<account>.blob.core.windows.net/<container>`: CALL_RECORDS_URL. */
  readonly url: string;
  readonly credential: TokenCredential;
  /** How long one request may take. */
  readonly requestMs?: number;
}

/**
 * Records in a container of Azure Storage, which takes nothing but the identity of the process. Lines are append blobs
 * (https://learn.microsoft.com/rest/api/storageservices/append-block), each append at the place where it belongs; audio is a
 * block blob whose list of blocks is committed anew with each addition, behind a new header: so it is a whole WAV file at
 * any time. Nothing is tried twice in here: whoever writes does that, and knows what waits meanwhile.
 */
export class BlobRecordStore implements RecordStore {
  readonly #container: BlobContainer;

  constructor(options: BlobStoreOptions) {
    this.#container = new BlobContainer(options);
  }

  async begin(sessionId: string): Promise<RecordPart> {
    const prefix = prefixOf(sessionId);
    // Most calls have one part: nothing is listed for them.
    for (let number = 1; number <= MOST_PARTS; number = (await this.#lastPart(sessionId, number)) + 1) {
      const lines = prefix + linesName(number);
      if (await this.#isNew(lines)) return new BlobPart(number, lines, prefix + audioName(number), this.#container);
    }
    throw new DependencyError('records.refused', `A record has ${MOST_PARTS} parts already.`);
  }

  async files(sessionId: string): Promise<readonly RecordFile[]> {
    const prefix = prefixOf(sessionId);
    const blobs = await this.#container.list(prefix);
    const files = blobs.map(({ name, bytes }) => ({ name: name.slice(prefix.length), bytes }));
    return inOrder(files.filter(({ name }) => isRecordFile(name)));
  }

  async *read(sessionId: string, name: string): AsyncIterable<Uint8Array> {
    const response = await this.#container.ask('GET', prefixOf(sessionId) + name).catch((error: unknown) => {
      if (storageCode(error) !== 'BlobNotFound') throw error;
    });
    for await (const chunk of response?.body ?? []) yield chunk;
  }

  async erase(sessionId: string): Promise<readonly RecordFile[]> {
    const prefix = prefixOf(sessionId);
    const erased: RecordFile[] = [];
    for (const { name, bytes } of await this.#container.list(prefix)) {
      if (await this.#container.erase(name)) erased.push({ name: name.slice(prefix.length), bytes });
    }
    return inOrder(erased);
  }

  async #isNew(lines: string): Promise<boolean> {
    const headers = { 'x-ms-blob-type': 'AppendBlob', 'x-ms-blob-content-type': 'application/x-ndjson' };
    try {
      await this.#container.ask('PUT', lines, { headers: { ...headers, 'if-none-match': '*' } });
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
}

const prefixOf = (sessionId: string): string => `${recordFolder(sessionId)}/`;

class BlobPart implements RecordPart {
  readonly number: number;
  readonly #lines: string;
  readonly #audio: string;
  readonly #container: BlobContainer;
  #lineBytes = 0;
  #audioBytes = 0;
  #blocks: readonly string[] = [];

  constructor(number: number, lines: string, audio: string, container: BlobContainer) {
    this.number = number;
    this.#lines = lines;
    this.#audio = audio;
    this.#container = container;
  }

  async appendLines(lines: Uint8Array): Promise<void> {
    const headers = { 'x-ms-blob-condition-appendpos': String(this.#lineBytes) };
    try {
      await this.#container.ask('PUT', this.#lines, { query: { comp: 'appendblock' }, headers, body: lines });
    } catch (error) {
      if (storageCode(error) === 'BlobNotFound') throw new RecordErased();
      // Nobody else writes here: what stands behind that place is what we sent, though we never heard of it.
      if (storageCode(error) !== 'AppendPositionConditionNotMet') throw error;
      const written = (await this.#container.ask('HEAD', this.#lines)).headers.get('content-length');
      if (Number(written) !== this.#lineBytes + lines.length) throw new RecordErased();
    }
    this.#lineBytes += lines.length;
  }

  async appendAudio(pcm: Uint8Array, format: AudioFormat): Promise<void> {
    const isFirst = this.#blocks.length === 0;
    const blocks = [...this.#blocks, blockId(this.#blocks.length + 1)];
    if (isFirst) await this.#requireLines();
    try {
      await this.#stage(blocks.at(-1) ?? HEADER_BLOCK, pcm);
      await this.#stage(HEADER_BLOCK, wavHeader(format, this.#audioBytes + pcm.length));
      const list = [HEADER_BLOCK, ...blocks].map((id) => `<Latest>${id}</Latest>`).join('');
      await this.#container.ask('PUT', this.#audio, {
        query: { comp: 'blocklist' },
        // Only the first of it may make the blob: one that is gone later was erased.
        headers: { 'x-ms-blob-content-type': 'audio/wav', ...(!isFirst && { 'if-match': '*' }) },
        body: Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`),
      });
    } catch (error) {
      if (!isFirst && GONE.has(storageCode(error))) throw new RecordErased();
      throw error;
    }
    this.#blocks = blocks;
    this.#audioBytes += pcm.length;
  }

  async #stage(blockid: string, body: Uint8Array): Promise<void> {
    await this.#container.ask('PUT', this.#audio, { query: { comp: 'block', blockid }, body });
  }

  async #requireLines(): Promise<void> {
    await this.#container.ask('HEAD', this.#lines).catch((error: unknown) => {
      throw storageCode(error) === 'BlobNotFound' ? new RecordErased() : error;
    });
  }
}

/** What storage says of a block blob that was taken away. */
const GONE: ReadonlySet<string> = new Set(['ConditionNotMet', 'BlobNotFound', 'InvalidBlockList']);

/** Ids of a blob's blocks have one length. */
const blockId = (number: number): string => Buffer.from(String(number).padStart(8, '0')).toString('base64');
const HEADER_BLOCK = blockId(0);
