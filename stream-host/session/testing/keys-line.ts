import assert from 'node:assert/strict';
import type { CollectKeysWish, KeysUnderWay } from '../../../shared/calls/keys-wish.ts';
import type { Settlement } from '../../../shared/calls/operation-ledger.ts';
import { countedIds } from '../../../shared/ids.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { Session } from '../../../shared/sessions/session.ts';
import { decodeSession, encodeWholeSession } from '../../../shared/sessions/session-codec.ts';
import type { Mode } from '../../contract/mode.ts';
import { Rig } from '../../conversation/testing/rig.ts';
import type { LiveRig } from '../../modes/voice-live/testing/live-rig.ts';
import { Attentions } from '../attentions.ts';
import { SessionKeys } from '../session-keys.ts';

export const PROMPT = 'Please enter your PIN, and then the hash key.';
export const CUT_OFF = /^Sorry, we were cut off for a moment/;
export const PIN: CollectKeysWish = {
  kind: 'collect-keys',
  name: 'pin',
  least: 4,
  most: 8,
  terminators: '#',
  attempts: 3,
  firstKeyMs: 10_000,
  betweenKeysMs: 4000,
  secret: true,
  prompt: PROMPT,
  retry: 'That is not right. Please try again.',
  oneOf: ['739184'],
};
export const NUMBER: CollectKeysWish = { ...PIN, name: 'number', secret: false, oneOf: undefined, least: 4, most: 4 };
export const SPOKEN: HistoryItem[] = [{ role: 'agent', text: 'Hello.', heard: true }];
export const BY_API = { kind: 'collect-input', input: 'pin' } as const;

/** What stands in Redis of the session, as its next host reads it. */
interface Stored {
  keys?: KeysUnderWay | undefined;
  readonly settled: Settlement[];
  readonly written: string[];
}

export const stored = (): Stored => ({ settled: [], written: [] });

/** The keys of a session on one of its lines. */
export class KeysLine {
  readonly rig: { readonly log: readonly { readonly type: string }[]; readonly clock: Rig['clock'] };
  readonly keys: SessionKeys;
  readonly attentions: Attentions;
  readonly listens: boolean[] = [];
  /** For how long keys that the carrier tells of are kept out of Redis. */
  readonly keptOutMs: number[] = [];

  constructor(
    redis: Stored,
    { rig, mode }: { rig: Rig | LiveRig; mode: Mode },
    input: CollectKeysWish | undefined = PIN,
  ) {
    this.rig = rig;
    const attend = mode.attend?.bind(mode);
    this.attentions = new Attentions((to) => {
      this.keys.hold(to === 'nobody');
      attend?.(to);
    });
    this.keys = new SessionKeys({
      events: rig.events,
      mode,
      attend: (to) => this.attentions.attend('keys', to),
      agent: { keyInput: (name) => (name === input?.name ? input : undefined) },
      clock: rig.clock,
      newId: countedIds(),
      listen: (on) => void this.listens.push(on),
      keepOut: (forMs) => void this.keptOutMs.push(forMs),
      keep: (keys) => {
        const session: Session = { ...SESSION, keys };
        const hash = Object.fromEntries(pairs(encodeWholeSession(session)));
        redis.written.push(JSON.stringify(hash));
        redis.keys = decodeSession(SESSION.id, hash).keys;
      },
      settle: (settlement) => void redis.settled.push(settlement),
    });
    if (redis.keys) this.keys.resume(redis.keys);
  }

  /** One key after the other, as a caller types who knows them. */
  async press(keys: string, everyMs = 120): Promise<void> {
    for (const key of keys) {
      this.keys.press(key, 'line');
      await this.rig.clock.advance(everyMs);
    }
  }

  get all(): string {
    return JSON.stringify([this.rig.log.filter(({ type }) => type !== 'frame')]);
  }
}

const SESSION: Session = {
  ...{ id: 'a-session', version: 1, channel: 'phone', direction: 'inbound', mode: 'media' },
  ...{ agent: 'bank', status: 'connected', createdAt: 1 },
};

function* pairs(flat: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at < flat.length; at += 2) yield [flat[at] ?? '', flat[at + 1] ?? ''];
}

export function inMedia(of: Stored, input?: CollectKeysWish | undefined, history = SPOKEN) {
  const rig = new Rig({ history });
  const line = new KeysLine(of, { rig, mode: rig.conversation }, input);
  return { rig, line };
}

/** Nobody answers there, nor asks. */
export function writtenDown(of: Stored) {
  const rig = new Rig();
  const mode: Mode = {
    start() {},
    audio() {},
    interrupt() {},
    close() {},
    pressed: (tone) => rig.events.emit('callerPressed', { tone }),
  };
  return { rig, line: new KeysLine(of, { rig, mode }) };
}

export function holdsNothingOf(digits: readonly string[], ...lines: readonly (KeysLine | Stored)[]): void {
  for (const line of lines) {
    const text = line instanceof KeysLine ? line.all : JSON.stringify(line);
    for (const each of [...digits, 'callerPressed', '[pressed']) assert.ok(!text.includes(each), `${each}: ${text}`);
  }
}
