import { DependencyError } from '../../../shared/errors.ts';
import {
  audioName,
  inOrder,
  linesName,
  type RecordFile,
  type RecordPart,
  type RecordStore,
} from '../../../shared/records/record-store.ts';

/** A store that can be away, be slow to answer, and lose an answer. */
export class MemoryStore implements RecordStore {
  readonly kept = new Map<string, Buffer[]>();
  /** Requests fail while this is set. */
  isAway = false;
  /** So many of the next requests do what they are asked for, and their answer is lost. */
  losesAnswers = 0;
  appends = 0;

  async begin(sessionId: string): Promise<RecordPart> {
    this.#answers();
    const number = [...this.kept.keys()].filter((key) => key.startsWith(`${sessionId}/record`)).length + 1;
    const add = async (name: string, bytes: Uint8Array, at: number) => {
      if (this.isAway) this.#answers();
      this.appends += 1;
      const pieces = this.kept.get(`${sessionId}/${name}`) ?? [];
      pieces[at] = Buffer.from(bytes);
      this.kept.set(`${sessionId}/${name}`, pieces);
      this.#answers();
    };
    let [lines, audio] = [0, 0];
    await add(linesName(number), Buffer.alloc(0), 0);
    return {
      number,
      appendLines: async (bytes) => {
        await add(linesName(number), bytes, lines + 1);
        lines += 1;
      },
      appendAudio: async (bytes) => {
        await add(audioName(number), bytes, audio);
        audio += 1;
      },
    };
  }

  async files(sessionId: string): Promise<readonly RecordFile[]> {
    const names = [...this.kept.keys()].filter((key) => key.startsWith(`${sessionId}/`));
    return inOrder(
      names.map((key) => ({
        name: key.slice(sessionId.length + 1),
        bytes: Buffer.concat(this.kept.get(key) ?? []).length,
      })),
    );
  }

  async *read(sessionId: string, name: string): AsyncIterable<Uint8Array> {
    yield Buffer.concat(this.kept.get(`${sessionId}/${name}`) ?? []);
  }

  async erase(sessionId: string): Promise<readonly RecordFile[]> {
    const files = await this.files(sessionId);
    for (const { name } of files) this.kept.delete(`${sessionId}/${name}`);
    return files;
  }

  /** The lines of a session's record, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
  lines(sessionId: string, part = 1): any[] {
    const text = Buffer.concat(this.kept.get(`${sessionId}/${linesName(part)}`) ?? []).toString();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  audio(sessionId: string): Buffer {
    return Buffer.concat(this.kept.get(`${sessionId}/${audioName(1)}`) ?? []);
  }

  #answers(): void {
    if (this.losesAnswers > 0) this.losesAnswers -= 1;
    else if (!this.isAway) return;
    throw new DependencyError('records.unreachable', 'The store is away.');
  }
}
