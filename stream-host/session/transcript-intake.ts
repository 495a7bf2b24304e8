import type { WebSocket } from 'ws';
import type { LineCodec, LineFormat } from '../../shared/carrier/line-format.ts';
import type { ServiceTranscript } from '../../shared/carrier/service-transcript.ts';
import type { Clock } from '../../shared/clock.ts';
import { DependencyError, messageOf, ParleyError, publicMessageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { WORDS_LIMITS } from '../../shared/protocol/limits.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import { LineGuard } from '../transport/line-guard.ts';
import { LiveSocket } from '../transport/live-socket.ts';
import { type CallIdentity, pickUp } from './pick-up.ts';

export interface TranscriptIntakeOptions {
  readonly store: SessionStore;
  readonly line: LineFormat;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a socket may stay without a word, which metadata are. After that silence is a call in which nobody speaks. */
  readonly firstWordMs?: number;
}

/** Phrases that wait while Redis is slow, or away; beyond, the oldest are dropped and counted. */
const MOST_WAITING = 100;
/** Finished words that Redis does not take are tried again for so long; then they are lost, and counted. */
const RETRY_MS = 500;
const RETRY_FOR_MS = 60_000;

/**
 * Takes ACS's own words of a call, from a socket that may come to any host, to the host that has the session: as commands,
 * which reach it wherever it is, and the next one after it.
 */
export class TranscriptIntake {
  readonly #options: TranscriptIntakeOptions;
  readonly #sockets = new Set<LiveSocket>();
  /** By session: each call has one. */
  readonly #ofSessions = new Map<string, LiveSocket>();

  constructor(options: TranscriptIntakeOptions) {
    this.#options = options;
  }

  /** Never rejects: what goes wrong closes this socket alone, with a reason. */
  async take(socket: WebSocket, identity: CallIdentity): Promise<void> {
    const { store, line, clock, log: hostLog, firstWordMs = WORDS_LIMITS.firstWordMs } = this.#options;
    const log = hostLog.child({ session: identity.sessionId, call: identity.callConnectionId });
    const live = new LiveSocket(socket, { clock, log });
    const waiting: ServiceTranscript[] = [];
    const guard = new LineGuard(clock, (code, reason) => live.close(code, reason));
    const codec = line.open();
    let sessionId: string | undefined;
    let isHandingOn = false;
    let failingSinceMs: number | undefined;
    /** Whether Redis does not take the words now, so that they are to be tried again. */
    const fails = async (id: string, phrase: ServiceTranscript): Promise<boolean> => {
      try {
        await store.command(id, { type: 'transcribed', phrase });
        failingSinceMs = undefined;
        return false;
      } catch (error) {
        const reason = messageOf(error);
        if (failingSinceMs === undefined) log.warn({ reason }, 'words of ACS are not taken by Redis: they wait');
        failingSinceMs ??= clock.now();
        // What was heard so far is of no use later; and a session that is over takes nothing any more.
        const isTriedAgain = phrase.final && error instanceof DependencyError;
        if (isTriedAgain && clock.now() - failingSinceMs < RETRY_FOR_MS) return true;
        guard.count('dropped');
        if (phrase.final) log.error({ reason }, 'words of ACS are lost');
        return false;
      }
    };
    const handOn = async () => {
      if (sessionId === undefined || isHandingOn) return;
      isHandingOn = true;
      for (let phrase = waiting.shift(); phrase; phrase = waiting.shift()) {
        if (!(await fails(sessionId, phrase))) continue;
        waiting.unshift(phrase);
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
      isHandingOn = false;
    };
    const cancelWait = clock.after(firstWordMs, () =>
      live.close(CLOSE.noAudio, `No word came, nor what they are to be. Waited ${firstWordMs} ms.`),
    );
    const onMessage = (message: string | Uint8Array) => {
      cancelWait();
      if (!guard.admits(0)) return;
      const phrase = readPhrase(message, codec, guard);
      if (phrase === undefined) return;
      queue(waiting, phrase);
      if (waiting.length > MOST_WAITING) {
        waiting.shift();
        guard.count('dropped');
      }
      void handOn();
    };
    live.events.on('text', onMessage);
    live.events.on('binary', onMessage);
    live.events.on('control', () => guard.admits(0));
    const gone = new AbortController();
    this.#sockets.add(live);
    live.events.on('closed', (code) => {
      gone.abort();
      cancelWait();
      this.#sockets.delete(live);
      if (sessionId !== undefined && this.#ofSessions.get(sessionId) === live) this.#ofSessions.delete(sessionId);
      const counts = Object.entries(guard.counts).filter(([, count]) => count > 0);
      log.info({ code, ...Object.fromEntries(counts) }, 'ACS’s transcription is closed');
    });
    try {
      ({ id: sessionId } = await pickUp(identity, { store, clock, signal: gone.signal }));
      log.info('ACS transcribes this call');
      // The one before is dead, or somebody else's: its words would come twice.
      this.#ofSessions.get(sessionId)?.close(CLOSE.alreadyConnected, 'Another socket brings the words of this call.');
      if (live.open) this.#ofSessions.set(sessionId, live);
      void handOn();
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'a transcription was turned away');
      const isOurs = error instanceof ParleyError;
      live.close(isOurs ? CLOSE.unknownCall : CLOSE.internal, isOurs ? `${error.code}: ${publicMessageOf(error)}` : '');
    }
  }

  /** Closes what is open; ACS, or the functions when it tells them, open it again elsewhere. Idempotent. */
  close(code: number, reason: string): void {
    for (const socket of this.#sockets) socket.close(code, reason);
  }
}

function readPhrase(message: string | Uint8Array, codec: LineCodec, guard: LineGuard): ServiceTranscript | undefined {
  try {
    const frame = codec.read(message);
    if (frame.kind === 'phrase') return frame.phrase;
    if (frame.kind !== 'words') guard.count('foreign');
  } catch (error) {
    guard.onMalformed(messageOf(error));
  }
  return undefined;
}

/** What was heard so far is of no use once more is. */
function queue(waiting: ServiceTranscript[], phrase: ServiceTranscript): void {
  const older = waiting.findIndex(({ final, participant }) => !final && participant === phrase.participant);
  if (older >= 0) waiting.splice(older, 1);
  waiting.push(phrase);
}
