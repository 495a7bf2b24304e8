import { ParleyError } from '../errors.ts';

/** The frame breaks the protocol. `code` says how; the socket that sent it is told so and closed, or the frame is counted. */
export class ProtocolError extends ParleyError {
  constructor(code: 'protocol.malformed' | 'protocol.oversized' | 'protocol.unsupported', message: string) {
    super(code, message);
  }
}
