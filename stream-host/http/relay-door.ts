import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { BYTES_PER_MS } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import { DependencyError, RequestError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { WATCH_LIMITS } from '../../shared/protocol/limits.ts';
import type { Relayed, SessionRelay } from '../session/session-relay.ts';
import { LineGuard } from '../transport/line-guard.ts';
import { LiveSocket } from '../transport/live-socket.ts';
import { ClientLimits } from './client-limits.ts';
import { isLocalPage, LOOPBACK } from './origins.ts';
import type { Admitted } from './ticket-door.ts';

/** What one client may have of these places, and how often in a minute it may take one. */
const CLIENT_SHARE = { maxSessions: 8, opensPerMinute: 60 };

export interface RelayDoorOptions {
  readonly relay: Pick<SessionRelay, 'watch'>;
  /** Pages that this machine serves to itself may watch all sessions, as in development. */
  readonly allowLocalPages?: boolean | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Lets watchers in to see what happens in sessions. Whoever knows a session's or a call's id may watch that one. */
export class RelayDoor {
  /** What one client may have of the places for watchers. */
  readonly clients: ClientLimits;
  readonly #options: RelayDoorOptions;
  readonly #sockets = new Set<LiveSocket>();
  #entering = 0;
  #closed = false;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
    this.clients = new ClientLimits({ clock: options.clock, ...CLIENT_SHARE });
  }

  /** Watchers that are connected. */
  get count(): number {
    return this.#sockets.size;
  }

  /**
   * Resolves when nothing of the session will be missed any more, with what takes the socket.
   * @param wanted what may be watched; of a ticket that names nothing, all
   * @param takeShare takes what the client has of {@link clients}, until the returned function is called
   * @throws {RequestError} `relay.session-missing`
   * @throws {DependencyError} `host.full`, `host.draining`, `redis.unavailable`
   */
  async admit(
    request: IncomingMessage,
    wanted: Admitted,
    takeShare: () => () => void,
  ): Promise<(socket: WebSocket) => void> {
    const isWanted = this.#filterOf(request, wanted);
    if (this.#closed) throw new DependencyError('host.draining', 'This server is being restarted. Connect again.');
    if (this.#sockets.size + this.#entering >= WATCH_LIMITS.watchers) {
      throw new DependencyError('host.full', 'All places for dashboards are taken. Close one and try again.');
    }
    const giveBack = takeShare();
    let socket: LiveSocket | undefined;
    let stop: () => void = giveBack;
    request.socket.once('close', () => stop());
    this.#entering += 1;
    try {
      const unwatch = await this.#options.relay.watch((message) => {
        if (isWanted(message)) socket?.send(message.text);
      });
      stop = () => {
        unwatch();
        giveBack();
      };
    } catch (error) {
      giveBack();
      throw error;
    } finally {
      this.#entering -= 1;
    }
    if (request.socket.destroyed) stop();
    return (accepted) => {
      socket = this.#take(accepted);
    };
  }

  /** Sends all watchers elsewhere and lets nobody in any more. Idempotent. */
  close(reason: string): void {
    this.#closed = true;
    for (const socket of [...this.#sockets]) socket.close(CLOSE.goingAway, reason);
  }

  #take(accepted: WebSocket): LiveSocket {
    const socket = new LiveSocket(accepted, this.#options);
    const guard = new LineGuard(this.#options.clock, (code, reason) => socket.close(code, reason));
    // Nothing that a watcher sends is looked at, but all of it is work: bytes cost what as many of audio would.
    for (const kind of ['text', 'binary'] as const) {
      socket.events.on(kind, (data) => guard.admits(data.length / BYTES_PER_MS));
    }
    socket.events.on('control', () => guard.admits(0));
    this.#sockets.add(socket);
    const cancelEnd = this.#options.clock.after(WATCH_LIMITS.longestMs, () =>
      socket.close(CLOSE.goingAway, 'A watch lasts half a day. Connect again.'),
    );
    socket.events.on('closed', () => {
      cancelEnd();
      this.#sockets.delete(socket);
    });
    if (this.#closed) socket.close(CLOSE.goingAway, 'This server is being restarted.');
    return socket;
  }

  #filterOf(request: IncomingMessage, wanted: Admitted): (message: Relayed) => boolean {
    const { sessionId, callConnectionId: callId, byTicket } = wanted;
    if (sessionId) return (message) => message.sessionId === sessionId || message.browserSessionId === sessionId;
    if (callId) return (message) => message.callConnectionId === callId;
    if (byTicket) return () => true;
    const { remoteAddress = '', localPort } = request.socket;
    const isHere = LOOPBACK.test(remoteAddress) && isLocalPage(request.headers.origin ?? '', localPort);
    if (this.#options.allowLocalPages && isHere) return () => true;
    throw new RequestError(
      'relay.session-missing',
      'Name what you want to watch: session_id or call_connection_id. Only a page of this machine may watch all.',
    );
  }
}
