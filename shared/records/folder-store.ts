import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WAV_HEADER_BYTES, wavHeader } from '../audio/wav-header.ts';
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

/** Whoever else has an account on the machine need not read what callers said. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const READ_BYTES = 64 * 1024;

/** Records in a folder of this machine, or of a disk that all hosts share: a folder a call. */
export class FolderRecordStore implements RecordStore {
  readonly #folder: string;

  /** @param folder made where it is not there, once there is something to write */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async begin(sessionId: string): Promise<RecordPart> {
    const folder = this.#folderOf(sessionId);
    await failing(() => mkdir(folder, { recursive: true, mode: FOLDER_MODE }));
    const parts = (await this.files(sessionId)).filter(({ name }) => isLinesFile(name)).map(({ name }) => partOf(name));
    for (let number = Math.max(0, ...parts) + 1; number <= MOST_PARTS; number++) {
      if (await isNew(join(folder, linesName(number)))) return new FolderPart(folder, number);
    }
    throw new DependencyError('records.refused', `A record has ${MOST_PARTS} parts already.`);
  }

  async files(sessionId: string): Promise<readonly RecordFile[]> {
    const folder = this.#folderOf(sessionId);
    const names = (await failing(() => unlessMissing(readdir(folder), []))).filter(isRecordFile);
    const files = await failing(() =>
      Promise.all(
        names.map(async (name) => {
          const found = await unlessMissing(stat(join(folder, name)), undefined);
          return found ? [{ name, bytes: found.size }] : [];
        }),
      ),
    );
    return inOrder(files.flat());
  }

  async *read(sessionId: string, name: string): AsyncIterable<Uint8Array> {
    const file = await failing(() => unlessMissing(open(join(this.#folderOf(sessionId), name), 'r'), undefined));
    if (file === undefined) return;
    try {
      for (;;) {
        const { bytesRead, buffer } = await failing(() => file.read({ buffer: Buffer.alloc(READ_BYTES) }));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async erase(sessionId: string): Promise<readonly RecordFile[]> {
    const files = await this.files(sessionId);
    await failing(() => rm(this.#folderOf(sessionId), { recursive: true, force: true }));
    return files;
  }

  #folderOf(sessionId: string): string {
    return join(this.#folder, recordFolder(sessionId));
  }
}

class FolderPart implements RecordPart {
  readonly number: number;
  readonly #folder: string;
  #lineBytes = 0;
  #audioBytes: number | undefined;

  constructor(folder: string, number: number) {
    this.#folder = folder;
    this.number = number;
  }

  async appendLines(lines: Uint8Array): Promise<void> {
    await this.#write(linesName(this.number), 'r+', [[lines, this.#lineBytes]]);
    this.#lineBytes += lines.length;
  }

  async appendAudio(pcm: Uint8Array, format: AudioFormat): Promise<void> {
    const at = this.#audioBytes ?? 0;
    const header = wavHeader(format, at + pcm.length);
    // Only the first of it may make the file: one that is gone later was erased.
    const flags = this.#audioBytes === undefined ? 'w' : 'r+';
    if (this.#audioBytes === undefined) await this.#requireLines();
    const writes: [Uint8Array, number][] = [
      [pcm, WAV_HEADER_BYTES + at],
      [header, 0],
    ];
    await this.#write(audioName(this.number), flags, writes);
    this.#audioBytes = at + pcm.length;
  }

  async #requireLines(): Promise<void> {
    const lines = await failing(() => unlessMissing(stat(join(this.#folder, linesName(this.number))), undefined));
    if (lines === undefined) throw new RecordErased();
  }

  /** At their places, so that doing it again writes nothing twice. Opened each time: a call has no file open for hours. */
  async #write(name: string, flags: string, pieces: readonly [Uint8Array, number][]): Promise<void> {
    const opened = open(join(this.#folder, name), flags, FILE_MODE);
    const file = await failing(() => unlessMissing(opened, undefined));
    if (file === undefined) throw new RecordErased();
    try {
      for (const [bytes, at] of pieces) await failing(() => writeAll(file, bytes, at));
    } finally {
      await file.close();
    }
  }
}

type OpenFile = Awaited<ReturnType<typeof open>>;

async function writeAll(file: OpenFile, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** Makes the file. False where it is there. */
async function isNew(path: string): Promise<boolean> {
  return failing(async () => {
    try {
      await (await open(path, 'wx', FILE_MODE)).close();
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  });
}

async function unlessMissing<Found, Missing>(found: Promise<Found>, missing: Missing): Promise<Found | Missing> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return missing;
    throw error;
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** What the file system says, as a store says it. */
async function failing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new DependencyError('records.refused', 'The folder of call records, CALL_RECORDS_DIR, does not work.', error);
  }
}
