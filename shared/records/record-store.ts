/** A file of a call's record. */
export interface RecordFile {
  /** Such as `record.jsonl`, `audio.wav`; of the second host that held the call `record-2.jsonl`. */
  readonly name: string;
  readonly bytes: number;
}

/**
 * One part of a record, which one holder of the call has begun and nobody else ever writes to: so two hosts never write
 * between each other's lines, whatever one of them believes. All parts in their order are the record.
 *
 * Appending is retried with the same bytes: what a part has got and could not say so is not written twice.
 */
export interface RecordPart {
  /** From 1 on. */
  readonly number: number;
  /**
   * Adds whole lines of JSON.
   * @throws {RecordErased} somebody has erased the record
   * @throws {DependencyError} `records.*`; try again with the same bytes
   */
  appendLines(lines: Uint8Array): Promise<void>;
  /** Adds interleaved PCM16 to the part's WAV file, which is whole after each time. Errors as with lines. */
  appendAudio(pcm: Uint8Array, format: AudioFormat): Promise<void>;
}

export interface AudioFormat {
  readonly rateHz: number;
  readonly channels: number;
}

/** Where records of calls are kept. Each is named by its session's id. */
export interface RecordStore {
  /** Begins the next part of a session's record. */
  begin(sessionId: string): Promise<RecordPart>;
  /** What is kept of it, lines first, in the order of the parts. Empty where there is none. */
  files(sessionId: string): Promise<readonly RecordFile[]>;
  /** A file's bytes. */
  read(sessionId: string, name: string): AsyncIterable<Uint8Array>;
  /** Erases all of a record. Idempotent. @returns what there was */
  erase(sessionId: string): Promise<readonly RecordFile[]>;
}

/** The record was erased while it was being written. */
export class RecordErased extends Error {}

export const linesName = (part: number): string => (part === 1 ? 'record.jsonl' : `record-${part}.jsonl`);
export const audioName = (part: number): string => (part === 1 ? 'audio.wav' : `audio-${part}.wav`);

const FILE = /^(record|audio)(?:-(\d+))?\.(jsonl|wav)$/;

export const isRecordFile = (name: string): boolean => FILE.test(name);
export const isLinesFile = (name: string): boolean => FILE.test(name) && name.endsWith('.jsonl');
export const partOf = (name: string): number => Number(FILE.exec(name)?.[2] ?? 1);

/** Lines before audio, and both in the order of the parts. */
export function inOrder(files: readonly RecordFile[]): readonly RecordFile[] {
  const place = ({ name }: RecordFile) => (isLinesFile(name) ? 0 : 1);
  return [...files].sort((a, b) => place(a) - place(b) || partOf(a.name) - partOf(b.name));
}

/** A host may hold a call, lose it and come back; beyond that something is wrong. */
export const MOST_PARTS = 1000;
