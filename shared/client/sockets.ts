import type { BrowserMessage } from '../protocol/browser.ts';

/** The subprotocol that we speak. One of them must be agreed on beside the ticket, or the ticket would be. */
const PROTOCOL = 'parley';
const TICKET_PROTOCOL = 'parley.ticket.';

/**
 * Opens a socket with its ticket, which travels where no log of addresses has it.
 * @param ticket none where the server wants none
 */
export function openSocket(address: URL, ticket: string | undefined): WebSocket {
  return ticket === undefined ? new WebSocket(address) : new WebSocket(address, [PROTOCOL, TICKET_PROTOCOL + ticket]);
}

/** The server is ours, so only what would break a reader is checked: that it is an object with a type. */
export function parseMessage(text: string): BrowserMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    const known = typeof message === 'object' && message !== null && 'type' in message;
    return known ? (message as BrowserMessage) : undefined;
  } catch {
    return undefined;
  }
}
