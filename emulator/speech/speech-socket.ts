import type { RawData, WebSocket } from 'ws';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { parseUsp, textFrame, UspError, type UspMessage } from './usp.ts';

/** What a client may leave unread before it counts as gone. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;
const OPEN = 1;

/**
 * The one end of a Speech SDK's socket that recognition and synthesis have in common: frames in and out, and a defined
 * answer to bad ones. What a handler throws closes this socket and no other.
 */
export class SpeechSocket {
  readonly #socket: WebSocket;
  readonly #log: Logger;

  constructor(socket: WebSocket, log: Logger, onMessage: (message: UspMessage) => void, onClose: () => void) {
    this.#socket = socket;
    this.#log = log;
    socket.on('message', (data: RawData, isBinary) => {
      try {
        onMessage(parseUsp(data as Buffer, isBinary));
      } catch (error) {
        this.fail(error);
      }
    });
    socket.on('close', onClose);
    // `ws` closes the socket itself after an error of the protocol (an oversized frame, bad UTF-8).
    socket.on('error', (error) => log.warn({ err: error }, 'a speech client broke the WebSocket protocol'));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === OPEN;
  }

  /** Bytes that the client has not read yet. */
  get unreadBytes(): number {
    return this.#socket.bufferedAmount;
  }

  sendText(path: string, requestId: string, body: unknown): void {
    this.sendFrame(textFrame(path, requestId, body));
  }

  sendFrame(frame: string | Buffer): void {
    if (!this.isOpen) return;
    if (this.unreadBytes > MAX_UNREAD_BYTES) {
      this.#log.warn({ unreadBytes: this.unreadBytes }, 'a speech client reads too slowly; its socket is dropped');
      this.#socket.terminate();
      return;
    }
    this.#socket.send(frame);
  }

  /** Stops reading from the client, so that TCP holds it back, or goes on. */
  holdBack(hold: boolean): void {
    if (hold === this.#socket.isPaused) return;
    if (hold) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Closes the socket with the code that the error stands for: 1002 or 1007 the client's fault, 1011 ours. */
  fail(error: unknown): void {
    if (error instanceof UspError) {
      this.#log.warn({ closeCode: error.closeCode, reason: error.message }, 'a speech client sent something wrong');
      this.close(error.closeCode, error.message);
      return;
    }
    this.#log.error({ err: error }, 'a speech socket failed');
    this.close(1011, messageOf(error));
  }

  close(code: number, reason: string): void {
    this.holdBack(false); // a paused socket would never see the client's answer to the close
    this.#socket.close(code, Buffer.from(reason).subarray(0, 120).toString());
  }
}
