import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { jsonMessage, message, readMessages } from './message-stream.ts';
import { type Command, MESSAGE, type SubjectEvent, subjectEvent, type Usage } from './protocol.ts';

const START_TIMEOUT_MS = 60_000;
/** A process under load takes its time to open a session; one that takes longer than this is of no use. */
const ANSWER_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 5_000;
const KEPT_OUTPUT_CHARS = 4_000;

/** How a subject is started. `--port=<n>` is added to the arguments. */
export interface SubjectCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the agents of a run say and sound like. */
export interface VoiceClip {
  readonly text: string;
  readonly samples: Int16Array;
}

export interface SubjectProcessOptions {
  readonly command: SubjectCommand;
  readonly voice: VoiceClip;
  readonly onEvent: (event: SubjectEvent) => void;
  readonly onAgentAudio: (body: Buffer) => void;
  readonly signal: AbortSignal;
}

/** A subject as a child process with its socket. Close it, or it stays: it ends when its socket does. */
export class SubjectProcess {
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #onEvent: (event: SubjectEvent) => void;
  readonly #waiting = new Set<{
    readonly fits: (event: SubjectEvent) => boolean;
    resolve(event: SubjectEvent): void;
  }>();
  #nextUsage = 1;

  private constructor(child: ChildProcess, socket: Socket, options: SubjectProcessOptions, version: string) {
    this.#child = child;
    this.#socket = socket;
    this.#onEvent = options.onEvent;
    this.version = version;
  }

  /** Starts the process and waits until its models are loaded. Throws with the end of its output when it does not. */
  static async start(options: SubjectProcessOptions): Promise<SubjectProcess> {
    const { command, voice, signal } = options;
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the driver has no port');
    const child = spawn(command.program, [...command.args, `--port=${address.port}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...command.environment },
    });
    let output = '';
    const keep = (text: Buffer) => {
      output = (output + text.toString()).slice(-KEPT_OUTPUT_CHARS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const settled = new AbortController();
    try {
      return await new Promise<SubjectProcess>((resolve, reject) => {
        const fail = (reason: string) => reject(new Error(`${command.name} did not start: ${reason}\n${output}`));
        const timer = setTimeout(() => fail(`no answer in ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
        settled.signal.addEventListener('abort', () => clearTimeout(timer));
        child.once('error', (error) => fail(error.message));
        child.once('exit', (code) => fail(`exit code ${code}`));
        signal.addEventListener('abort', () => fail('stopped'), { signal: settled.signal });
        server.once('connection', (socket) => {
          let started: SubjectProcess | undefined;
          socket.on('error', () => {});
          readMessages(socket, (kind, body) => {
            if (kind === MESSAGE.agentAudio) return options.onAgentAudio(body);
            const event = subjectEvent.parse(JSON.parse(body.toString()));
            if (started) return started.#take(event);
            if (event.type !== 'ready') return fail(event.type === 'fault' ? event.message : `it sent ${event.type}`);
            started = new SubjectProcess(child, socket, options, event.version);
            resolve(started);
          });
          socket.write(voiceMessage(voice));
        });
      });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      settled.abort();
      server.close();
    }
  }

  send(command: Command): void {
    this.#socket.write(jsonMessage(MESSAGE.command, command));
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Sends a command and waits for the event that answers it. */
  async ask<Type extends SubjectEvent['type']>(
    command: Command,
    type: Type,
    fits: (event: Extract<SubjectEvent, { type: Type }>) => boolean,
  ): Promise<Extract<SubjectEvent, { type: Type }>> {
    type Answer = Extract<SubjectEvent, { type: Type }>;
    const isAnswer = (event: SubjectEvent): event is Answer => event.type === type && fits(event as Answer);
    return new Promise<Answer>((resolve, reject) => {
      const waiter = {
        fits: isAnswer,
        resolve: (event: SubjectEvent) => {
          clearTimeout(timer);
          if (isAnswer(event)) resolve(event);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(new Error(`no "${type}" within ${ANSWER_TIMEOUT_MS} ms`));
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.add(waiter);
      this.send(command);
    });
  }

  usage(collect = false): Promise<Usage> {
    const id = this.#nextUsage;
    this.#nextUsage += 1;
    return this.ask({ type: 'usage', id, collect }, 'usage', (event) => event.id === id);
  }

  /** Ends the process. Idempotent; waits a bounded time, then kills. */
  async close(): Promise<void> {
    this.#socket.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  #take(event: SubjectEvent): void {
    for (const waiter of this.#waiting) {
      if (!waiter.fits(event)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(event);
    }
    this.#onEvent(event);
  }
}

function voiceMessage({ text, samples }: VoiceClip): Buffer {
  const textBytes = Buffer.from(text);
  return message(MESSAGE.voice, 4 + textBytes.length + samples.byteLength, (body) => {
    body.writeUInt32LE(textBytes.length, 0);
    textBytes.copy(body, 4);
    body.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), 4 + textBytes.length);
  });
}
