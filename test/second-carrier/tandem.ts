import { z } from 'zod';
import type { Announcement } from '../../shared/carrier/announcement.ts';
import type { CallEvent, CallEventBody } from '../../shared/carrier/call-events.ts';
import type { CallIds, CallState, Capability, Carrier } from '../../shared/carrier/carrier.ts';
import { CarrierError, failedAs, notSupported } from '../../shared/carrier/carrier-error.ts';
import type { CarrierKind } from '../../shared/carrier/carrier-kind.ts';
import type { LineFormat } from '../../shared/carrier/line-format.ts';
import { ParleyError } from '../../shared/errors.ts';
import { ProtocolError } from '../../shared/protocol/protocol-error.ts';
import { decodeMuLaw, encodeMuLaw } from './mu-law.ts';

/** What the network proves itself by. */
export const NETWORK_KEY = 'a key that only this test knows';
export const KEY_HEADER = 'x-tandem-key';

/** Audio comes as binary μ-law, 8 kHz, and goes as JSON. There are no keys, and nothing can be paused. */
const line: LineFormat = {
  open: () => ({
    read(message) {
      if (typeof message !== 'string') {
        return { kind: 'audio', pcm: decodeMuLaw(message), silent: false, participant: undefined };
      }
      const { start } = frame.safeParse(JSON.parse(message)).data ?? {};
      if (start === undefined) return { kind: 'unknown', name: 'text' };
      if (start.codec === 'ulaw' && start.hz === 8_000) return { kind: 'format', rateHz: 8_000 };
      throw new ProtocolError('protocol.unsupported', `μ-law at 8000 Hz is expected, not ${start.codec}.`);
    },
    audio: (pcm) => JSON.stringify({ play: Buffer.from(encodeMuLaw(pcm)).toString('base64') }),
    stop: () => '{"flush":true}',
  }),
};
const frame = z.object({ start: z.object({ codec: z.string(), hz: z.number() }).optional() });

const ring = z.object({ event: z.literal('ring'), id: z.string(), ring: z.string(), a: z.string(), b: z.string() });
const told = z.object({ id: z.string(), event: z.string(), leg: z.string(), seconds: z.number() });

const BODIES: Readonly<Record<string, CallEventBody>> = {
  'picked-up': { kind: 'connected' },
  dropped: { kind: 'ended' },
  'no-reply': { kind: 'failed', what: 'place' },
};

/** What there are no means for, refused by its name. */
const refused = (what: string) => async (): Promise<never> => {
  throw notSupported('tandem', what);
};

class Tandem implements Carrier {
  readonly name = 'tandem';
  readonly capabilities = new Set<Capability>();
  redirect = refused('redirect a call');
  transfer = refused('transfer a call');
  addParticipant = refused('add a participant');
  removeParticipant = refused('remove a participant');
  mute = refused('mute a participant');
  hold = refused('hold a participant');
  unhold = refused('take a participant back from hold');
  participants = refused('tell who is in the call');
  sendKeys = refused('press keys');
  listenForKeys = refused('listen for keys');
  stopListeningForKeys = refused('listen for keys');
  play = refused('play');
  startRecording = refused('record a call');
  pauseRecording = refused('pause a recording');
  resumeRecording = refused('resume a recording');
  stopRecording = refused('stop a recording');
  recordingState = refused('tell how a recording stands');
  startMedia = refused('open the media socket again');
  stopMedia = refused('close the media socket');
  startTranscription = refused('put a call into words');
  readonly #callbackBase: string;
  readonly #mediaBase: string;

  constructor(callbackBase: string, mediaBase: string) {
    this.#callbackBase = callbackBase;
    this.#mediaBase = mediaBase;
  }

  answer = (ticket: string, sessionId: string): Promise<CallIds> =>
    this.#ask(`rings/${ticket}/take`, this.#bound(sessionId));
  place = (target: string, source: string, sessionId: string): Promise<CallIds> =>
    this.#ask('legs', { a: source, b: target, ...this.#bound(sessionId) });
  reject = async (ticket: string): Promise<void> => void (await this.#ask(`rings/${ticket}/refuse`));
  hangUp = async (leg: string): Promise<void> => void (await this.#ask(`legs/${leg}/drop`));

  async end(leg: string): Promise<boolean> {
    try {
      await this.hangUp(leg);
      return true;
    } catch (error) {
      if (failedAs(error, 'gone')) return false;
      throw error;
    }
  }

  async state(leg: string): Promise<CallState> {
    return this.#ask(`legs/${leg}/look`).then(
      () => 'connected' as const,
      () => 'gone' as const,
    );
  }

  readEvent(given: unknown): CallEvent | undefined {
    const { id, event, leg, seconds } = told.safeParse(given).data ?? {};
    if (id === undefined || event === undefined || leg === undefined || seconds === undefined) return undefined;
    return { id, callId: leg, at: seconds * 1000, name: `tandem.${event}`, ...(BODIES[event] ?? { kind: 'other' }) };
  }

  async readAnnouncement(given: unknown): Promise<Announcement> {
    const rung = ring.safeParse(given).data;
    if (rung === undefined) return { kind: 'malformed', id: undefined, problem: 'it is no ring' };
    const { id, ring: ticket, a: from, b: to } = rung;
    const nothing = { correlationId: undefined, agent: undefined, mode: undefined, context: undefined };
    return { kind: 'incoming-call', id, call: { ticket, from, to, redirectable: false, ...nothing } };
  }

  #bound(sessionId: string) {
    return {
      tell: `${this.#callbackBase}/calls/callbacks/${sessionId}`,
      audio: `${this.#mediaBase}/media/stream?session_id=${sessionId}`,
    };
  }

  async #ask(what: string, body: unknown = {}): Promise<CallIds> {
    const response = await fetch(`${process.env.TANDEM_API}/${what}`, { method: 'POST', body: JSON.stringify(body) });
    if (response.status === 404) throw new CarrierError('gone', 'call.ended', 'Tandem does not know it.');
    return { callConnectionId: z.object({ leg: z.string() }).parse(await response.json()).leg };
  }
}

/** A carrier of another kind, in the tests only: μ-law at 8 kHz, other names of events, no keys, nothing to pause. */
export const tandem: CarrierKind = {
  name: 'tandem',
  line,
  open: ({ callbackBase, mediaBase }) => new Tandem(callbackBase, mediaBase),
  openProof: () => ({
    async admit(header) {
      if (header(KEY_HEADER) !== NETWORK_KEY) throw new ParleyError('auth.token-invalid', 'Tandem has sent no key.');
    },
    ready: async () => {},
    hasKeys: true,
    refetch: async () => {},
  }),
};
