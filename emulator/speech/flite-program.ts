import { ParleyError } from '../../shared/errors.ts';

const OUTPUT_FOLDER = '/out';
const STDOUT = 1;
const STDERR = 2;
const FOLDER = 3;
const FILE = 4;

// Numbers of the WASI preview 1 interface.
const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const CHARACTER_DEVICE = 2;
const DIRECTORY = 3;
const REGULAR_FILE = 4;
const EVERY_RIGHT = 0xffff_ffff_ffff_ffffn;

/** What a program ends itself with: there is no other way out of WebAssembly. */
class ProgramExit extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** A file in memory that grows as it is written. */
class MemoryFile {
  #bytes = new Uint8Array(1 << 18);
  #length = 0;
  #position = 0;

  write(data: Uint8Array): void {
    const end = this.#position + data.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(data, this.#position);
    this.#position = end;
    this.#length = Math.max(this.#length, end);
  }

  /** @param whence 0: from the start, 1: from here, 2: from the end. Returns the new position. */
  seek(offset: number, whence: number): number {
    const from = whence === 0 ? 0 : whence === 1 ? this.#position : this.#length;
    this.#position = Math.max(0, from + offset);
    return this.#position;
  }

  get contents(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** What the program left behind. */
export interface ProgramOutput {
  readonly printed: string;
  /** The bytes of the file that it wrote, whatever it called it. */
  readonly file: Uint8Array;
}

/** One that has so much memory by now is left for a new one: what a run asks for is never given back. */
const MOST_MEMORY_BYTES = 256 * 1024 * 1024;

/**
 * Opens a command-line program that was compiled to WASI: arguments in, standard output and at most one written file out, both
 * kept in memory. It answers the 13 system calls that Flite makes and no others, so it is a sandbox as well. (`node:wasi` is
 * experimental, needs real folders, and crashed when several voices ran in one process.)
 *
 * Each run finds the memory as the first one did, in the same instance: of a new one the system has to find 17 MB, which takes
 * four fifths of the time of a sentence.
 *
 * @returns what runs it
 * @throws {ParleyError} `speech.flite` where the program fails or traps
 */
export function openProgram(module: WebAssembly.Module): (args: readonly string[]) => ProgramOutput {
  let file = new MemoryFile();
  let printed = '';
  let complaint = '';
  let argumentBytes: readonly Buffer[] = [];
  const memory = () => instance.exports.memory as WebAssembly.Memory;
  const bytes = () => new Uint8Array(memory().buffer);
  const view = () => new DataView(memory().buffer);

  const systemCalls = {
    args_sizes_get(countAt: number, sizeAt: number): number {
      view().setUint32(countAt, argumentBytes.length, true);
      view().setUint32(
        sizeAt,
        argumentBytes.reduce((total, argument) => total + argument.length, 0),
        true,
      );
      return SUCCESS;
    },
    args_get(pointersAt: number, stringsAt: number): number {
      let at = stringsAt;
      for (const [index, argument] of argumentBytes.entries()) {
        view().setUint32(pointersAt + 4 * index, at, true);
        bytes().set(argument, at);
        at += argument.length;
      }
      return SUCCESS;
    },
    clock_time_get(_clock: number, _precision: bigint, timeAt: number): number {
      view().setBigUint64(timeAt, BigInt(Math.round(performance.now() * 1e6)), true);
      return SUCCESS;
    },
    fd_close: () => SUCCESS,
    fd_fdstat_set_flags: () => SUCCESS,
    fd_fdstat_get(descriptor: number, statAt: number): number {
      const kind = descriptor === FOLDER ? DIRECTORY : descriptor < FOLDER ? CHARACTER_DEVICE : REGULAR_FILE;
      view().setUint8(statAt, kind);
      view().setUint16(statAt + 2, 0, true);
      view().setBigUint64(statAt + 8, EVERY_RIGHT, true);
      view().setBigUint64(statAt + 16, EVERY_RIGHT, true);
      return SUCCESS;
    },
    fd_prestat_get(descriptor: number, prestatAt: number): number {
      if (descriptor !== FOLDER) return BAD_DESCRIPTOR;
      view().setUint8(prestatAt, 0);
      view().setUint32(prestatAt + 4, OUTPUT_FOLDER.length, true);
      return SUCCESS;
    },
    fd_prestat_dir_name(descriptor: number, nameAt: number, length: number): number {
      if (descriptor !== FOLDER) return BAD_DESCRIPTOR;
      bytes().set(Buffer.from(OUTPUT_FOLDER).subarray(0, length), nameAt);
      return SUCCESS;
    },
    fd_read(_descriptor: number, _vectors: number, _count: number, readAt: number): number {
      view().setUint32(readAt, 0, true);
      return SUCCESS;
    },
    fd_seek(_descriptor: number, offset: bigint, whence: number, positionAt: number): number {
      view().setBigUint64(positionAt, BigInt(file.seek(Number(offset), whence)), true);
      return SUCCESS;
    },
    fd_write(descriptor: number, vectors: number, count: number, writtenAt: number): number {
      let written = 0;
      for (let at = vectors; at < vectors + 8 * count; at += 8) {
        const start = view().getUint32(at, true);
        const data = bytes().subarray(start, start + view().getUint32(at + 4, true));
        if (descriptor === FILE) file.write(data);
        if (descriptor === STDOUT) printed += Buffer.from(data).toString('latin1');
        if (descriptor === STDERR) complaint += Buffer.from(data).toString('latin1');
        written += data.length;
      }
      view().setUint32(writtenAt, written, true);
      return SUCCESS;
    },
    path_open(...args: readonly unknown[]): number {
      view().setUint32(Number(args.at(-1)), FILE, true);
      return SUCCESS;
    },
    proc_exit(status: number): never {
      throw new ProgramExit(status);
    },
  };

  const made = () => new WebAssembly.Instance(module, { wasi_snapshot_preview1: systemCalls });
  let instance = made();
  const image = bytes().slice();
  /** It came to its end by itself: of another one more than the memory is in disorder. */
  let isWhole = true;

  return (args) => {
    file = new MemoryFile();
    printed = '';
    complaint = '';
    argumentBytes = args.map((argument) => Buffer.from(`${argument}\0`));
    if (isWhole) bytes().set(image);
    else instance = made();
    isWhole = false;
    const status = runToEnd(instance.exports._start as () => void);
    if (status !== undefined && status !== 0) {
      throw new ParleyError('speech.flite', `Flite ended with status ${status}. ${complaint.trim()}`.trim());
    }
    isWhole = status === undefined && bytes().length <= MOST_MEMORY_BYTES;
    return { printed, file: file.contents };
  };
}

/** @returns the status with which it left; nothing where it came to its end */
function runToEnd(main: () => void): number | undefined {
  try {
    main();
    return undefined;
  } catch (error) {
    if (error instanceof ProgramExit) return error.status;
    throw new ParleyError('speech.flite', 'Flite stopped on a text that it cannot handle.', { cause: error });
  }
}

/** Where output files are, for a program's arguments. Only one can be written; its name does not matter. */
export const OUTPUT_FILE = `${OUTPUT_FOLDER}/speech.wav`;
