import type { Handler } from './consequences.ts';

/**
 * Whoever talks on the call is told which key it was, as his media stream may have missed it. In the timeline it does not
 * stand. A key that was kept out of the inbox is a secret's, and goes nowhere.
 */
export const keyPressed: Handler = (_, event) =>
  event.kind === 'key' && event.key !== '' ? { commands: [{ type: 'key', key: event.key }] } : {};
