import type { WebSocket } from 'ws';
import { callerOf } from '../../shared/calls/parties.ts';
import type { LineFormat } from '../../shared/carrier/line-format.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf, NotFoundError, ParleyError, publicMessageOf, RequestError } from '../../shared/errors.ts';
import type { NewId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/log.ts';
import type { ModeTable } from '../../shared/modes/mode-table.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import { type CallTraces, noCallTraces, type RequestFacts, traceParentOf } from '../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../../shared/telemetry/names.ts';
import type { Tickets } from '../../shared/tickets/tickets.ts';
import type { AgentCard, Responder, SessionFacts } from '../contract/agent.ts';
import type { Transport } from '../contract/line.ts';
import type { ModeKind } from '../contract/mode.ts';
import type { Recorder } from '../contract/recorder.ts';
import type { ObserveSession } from '../contract/session-observer.ts';
import type { LiveSessions } from '../host/live-sessions.ts';
import type { CallRecord } from '../record/call-record.ts';
import type { CallRecords } from '../record/call-records.ts';
import type { BrowserSession } from '../transport/browser-messages.ts';
import { type BrowserRate, BrowserTransport } from '../transport/browser-transport.ts';
import { CallTransport } from '../transport/call-transport.ts';
import type { CallEnding } from './call-ending.ts';
import { claimSession, DEFAULT_LEASE_MS, type HostIdentity } from './lease.ts';
import { aloneFor, aloneSince } from './left-alone.ts';
import { LiveSession, type LiveSessionOptions, type SessionCommands } from './live-session.ts';
import type { CallDeskParts } from './open-call-desk.ts';
import { type CallIdentity, pickUp } from './pick-up.ts';
import { SessionLog } from './session-log.ts';
import type { SessionRelay } from './session-relay.ts';
import { alreadyConnected, closeCodeOf, isOver, over, SessionIsOver } from './socket-refusals.ts';

export interface ReceptionOptions {
  readonly store: SessionStore;
  readonly commands: SessionCommands;
  readonly live: LiveSessions;
  readonly host: HostIdentity;
  readonly modes: ModeTable<ModeKind>;
  /** The agents as they are now. */
  readonly agents: () => readonly AgentCard[];
  /** @throws {NotFoundError} when there is no such agent */
  readonly openResponder: (agent: string, log: Logger, facts: SessionFacts, recorder?: Recorder) => Responder;
  /** Keeps what happens for good. Without it nothing is kept but what Redis has for a day. */
  readonly records?: CallRecords | undefined;
  readonly ending: CallEnding;
  /** See {@link LiveSessionOptions}. */
  readonly moveMedia?: LiveSessionOptions['moveMedia'];
  readonly onUnexpected?: LiveSessionOptions['onUnexpected'];
  /** What is done with phone calls; without it nothing can be. */
  readonly callDesk?: CallDeskParts | undefined;
  readonly relay: Pick<SessionRelay, 'follow'>;
  /** Gives browsers the right to come back, and visitors their sessions. Without it they need another ticket. */
  readonly tickets?: Pick<Tickets, 'claim' | 'issueReturn'> | undefined;
  readonly defaultAgent: string;
  /** Whether the demo dialogue answers instead of a language model; browsers are told. */
  readonly isScripted: () => boolean;
  readonly maxCallMs: number;
  /** How the carrier writes what goes over its media sockets. */
  readonly line: LineFormat;
  /** The longest message of audio to the carrier; see {@link CallTransportOptions.longestMessageMs}. */
  readonly longestMessageMs?: number | undefined;
  readonly logTranscripts: boolean;
  /** Watches each session from outside. */
  readonly observe?: ObserveSession | undefined;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Logger;
  readonly traces?: CallTraces | undefined;
  /** Waits that tests shorten. */
  readonly waits?: Partial<ReceptionWaits>;
}

export interface ReceptionWaits {
  /** For a call's session to appear. */
  readonly pickUpMs: number;
  /** For a call's metadata, and then its first audio. */
  readonly firstAudioMs: number;
  readonly browserFirstAudioMs: number;
  /** For audio that stopped coming. */
  readonly silentMs: number;
  readonly browserSilentMs: number;
  readonly pingEveryMs: number;
  readonly leaseMs: number;
}

/** What a browser asks for in its socket's address. */
export interface BrowserRequest {
  readonly sessionId: string | undefined;
  readonly agent: string | undefined;
  /** Of a new session. One that goes on keeps the mode that it has. */
  readonly mode: string | undefined;
  readonly sampleRate: BrowserRate;
  /** The page that asks; absent where it is a program. */
  readonly origin?: string;
  /** Who has signed in there. */
  readonly visitor?: string;
  /** It may take up a session that goes on, and open none. */
  readonly resumes?: true;
}

/** Takes a socket that was let in to its session, and opens the conversation there. */
export class Reception {
  readonly #options: ReceptionOptions;
  readonly #traces: CallTraces;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#traces = options.traces ?? noCallTraces;
  }

  /** A call's media socket. Never rejects: what goes wrong closes this socket alone, with a reason. */
  async takeCall(socket: WebSocket, identity: CallIdentity): Promise<void> {
    const { live, clock, store, waits, line, longestMessageMs } = this.#options;
    const log = this.#options.log.child({ session: identity.sessionId, call: identity.callConnectionId });
    const transport = new CallTransport(socket, {
      line,
      clock,
      log,
      ...(waits?.pingEveryMs !== undefined && { pingEveryMs: waits.pingEveryMs }),
      ...(waits?.firstAudioMs !== undefined && { firstAudioMs: waits.firstAudioMs }),
      ...(waits?.silentMs !== undefined && { silentMs: waits.silentMs }),
      ...(longestMessageMs !== undefined && { longestMessageMs }),
    });
    live.add(transport);
    const gone = new AbortController();
    transport.events.on('closed', () => gone.abort());
    await this.#receive(transport, log, 'phone', async () => {
      const session = await pickUp(identity, {
        store,
        clock,
        signal: gone.signal,
        ...(waits?.pickUpMs !== undefined && { waitMs: waits.pickUpMs }),
      }).catch((error: unknown) => {
        // That Redis does not tell whose it is stands in the trace of the one that its address names: we have written that.
        const isAway = error instanceof ParleyError && error.status === 503;
        if (isAway && identity.sessionId !== undefined) this.#traces.belongsTo(identity.sessionId);
        throw error;
      });
      this.#traces.belongsTo(session.id);
      await this.#begin(transport, session);
    });
  }

  /** A browser's socket. Never rejects, as {@link takeCall} does not. */
  async takeBrowser(socket: WebSocket, request: BrowserRequest): Promise<void> {
    const { live, clock, waits } = this.#options;
    const sessionId = request.sessionId ?? this.#options.newId();
    const log = this.#options.log.child({ session: sessionId });
    const transport = new BrowserTransport(socket, {
      clock,
      log,
      sampleRate: request.sampleRate,
      ...(waits?.pingEveryMs !== undefined && { pingEveryMs: waits.pingEveryMs }),
      ...(waits?.browserFirstAudioMs !== undefined && { firstAudioMs: waits.browserFirstAudioMs }),
      ...(waits?.browserSilentMs !== undefined && { silentMs: waits.browserSilentMs }),
    });
    live.add(transport);
    await this.#receive(transport, log, 'browser', async () => {
      try {
        const { agent, mode, resumes } = request;
        await this.#beginInBrowser(transport, await this.#openBrowserSession(sessionId, agent, mode, resumes), request);
      } catch (error) {
        if (!(error instanceof SessionIsOver)) throw error;
        if (request.resumes) throw over();
        // Pages of the Python accelerator name the same session for as long as they live: a refusal would be for ever.
        const agent = request.agent ?? error.agent;
        const freshId = this.#options.newId();
        if (request.visitor !== undefined) await this.#options.tickets?.claim(freshId, request.visitor, 'browser');
        const fresh = await this.#openBrowserSession(freshId, agent, request.mode);
        log.info({ fresh: fresh.id }, 'the session that a browser named is over; it gets a new one');
        await this.#beginInBrowser(transport, fresh, request, sessionId);
      }
    });
  }

  /** @param replaces the session that the browser named, which is over */
  async #beginInBrowser(
    transport: BrowserTransport,
    session: Session,
    request: BrowserRequest,
    replaces?: string,
  ): Promise<void> {
    const returnTicket = await this.#returnTicketFor(session.id, request);
    await this.#begin(transport, session, (history, responder) =>
      transport.introduce({
        sessionId: session.id,
        agent: session.agent,
        mode: session.mode,
        ...this.#describe(history, responder),
        ...(replaces !== undefined && { replaces }),
        ...(returnTicket !== undefined && { returnTicket }),
      }),
    );
  }

  /** Nobody waits for it twice: without it a browser that lost its line needs another ticket. */
  async #returnTicketFor(sessionId: string, { origin, visitor }: BrowserRequest): Promise<string | undefined> {
    const { tickets, log } = this.#options;
    const whose = { ...(origin !== undefined && { origin }), ...(visitor !== undefined && { visitor }) };
    return tickets?.issueReturn({ sessionId, ...whose }).catch((error: unknown) => {
      log.warn({ session: sessionId, reason: messageOf(error) }, 'a browser gets no right to come back');
      return undefined;
    });
  }

  #describe(
    history: readonly HistoryItem[],
    { phrases }: Responder,
  ): Omit<BrowserSession, 'sessionId' | 'agent' | 'mode'> {
    return {
      resumed: history.length > 0,
      scripted: this.#options.isScripted(),
      ...(history.length === 0 && { greeting: phrases.greeting }),
    };
  }

  async #receive(
    transport: Transport,
    log: Logger,
    channel: Session['channel'],
    open: () => Promise<void>,
  ): Promise<void> {
    try {
      const facts: RequestFacts = { name: SPAN.mediaStart, attributes: { [ATTRIBUTE.channel]: channel } };
      await this.#traces.request(facts, open);
    } catch (error) {
      const code = error instanceof ParleyError ? error.code : 'internal';
      log.warn({ code, reason: messageOf(error) }, 'a socket was turned away');
      const reason =
        error instanceof ParleyError ? publicMessageOf(error) : 'An internal error; the log of the server has it.';
      // What trying again cannot help is told in a message: a close frame has little room, and many show its code alone.
      const isFinal = error instanceof NotFoundError || error instanceof RequestError;
      if (isFinal && transport instanceof BrowserTransport) transport.notify(code, reason);
      transport.close(closeCodeOf(error), `${code}: ${reason}`);
    }
  }

  async #openBrowserSession(
    id: string,
    asked: string | undefined,
    mode: string | undefined,
    resumes?: true,
  ): Promise<Session> {
    const { store, defaultAgent, openResponder, agents, modes, log } = this.#options;
    const existing = await store.get(id);
    if (existing) {
      this.#traces.belongsTo(id);
      return existing;
    }
    if (resumes) throw over();
    const agent = asked ?? defaultAgent;
    // An agent that does not exist, or a mode, must not leave a session behind.
    openResponder(agent, log, { sessionId: id, direction: 'inbound' });
    const chosen = modes.choose({ asked: mode, agents: agents().find(({ name }) => name === agent)?.mode });
    try {
      const created = await store.create({
        id,
        channel: 'browser',
        direction: 'inbound',
        mode: chosen,
        agent,
        status: 'connected',
        connectedAt: this.#options.clock.wallMs(),
        traceparent: traceParentOf(id),
      });
      this.#traces.belongsTo(id, true);
      return created;
    } catch (error) {
      const created = error instanceof ParleyError && error.code === 'session.exists' ? await store.get(id) : undefined;
      if (created) return created;
      throw error;
    }
  }

  async #begin(
    transport: Transport,
    found: Session,
    introduce: (history: readonly HistoryItem[], responder: Responder) => void = () => {},
  ): Promise<void> {
    const { live, store, clock, waits, host } = this.#options;
    if (found.channel === 'phone' && transport instanceof BrowserTransport) {
      throw new RequestError('session.is-a-call', 'This session is a phone call; a browser cannot speak in it.');
    }
    const { modes } = this.#options;
    const mode = modes.find(found.mode);
    if (!mode) {
      const known = modes.names.join(', ');
      throw new RequestError('session.mode-unknown', `This server has no mode "${found.mode}"; it has: ${known}.`);
    }
    const log = this.#options.log.child({
      session: found.id,
      ...(found.callConnectionId && { call: found.callConnectionId }),
    });
    const arrivedAtMs = clock.now();
    const release = await live.hold(found.id, transport);
    if (!release) throw alreadyConnected();
    let session: LiveSession | undefined;
    let recorder: CallRecord | undefined;
    try {
      const leaseMs = waits?.leaseMs ?? DEFAULT_LEASE_MS;
      const lease = await claimSession(
        found.id,
        this.#options.newId().slice(0, 8),
        { store, host, clock, log, leaseMs, traces: this.#traces, onGone: () => session?.restore() },
        () => session?.yieldTo('Another server speaks for this session now.'),
      );
      if (!lease) throw alreadyConnected();
      try {
        // Read now: whoever held the session before may have written until it let go.
        const { observe } = this.#options;
        const [current = found, history, aloneMs] = await Promise.all([
          store.get(found.id),
          store.history(found.id),
          observe && mode.answers && found.channel === 'phone' ? aloneFor(found.id, store) : undefined,
        ]);
        if (found.channel === 'browser' && isOver(current)) throw new SessionIsOver(current);
        const facts = { ...factsOf(current), secretKeys: (handle: string) => session?.secretKeys(handle) };
        const aloneSinceMs = aloneSince(current, aloneMs, clock);
        const observer = observe?.({ session: current, resumed: history.length > 0, arrivedAtMs, aloneSinceMs });
        recorder = this.#options.records?.open({
          session: current,
          resumed: history.length > 0,
          rateHz: mode.rateHz,
          eventsAfter: (after) => store.events(found.id, after === undefined ? {} : { after }),
          onServed: observer?.served,
          log,
        });
        const agent = this.#options.openResponder(found.agent, log, facts, recorder);
        if (transport.closed) throw new NotFoundError('socket.gone', 'The socket closed before its session was open.');
        introduce(history, agent);
        const { owner } = lease;
        const writer = store.owned(found.id, owner);
        session = new LiveSession({
          session: current,
          history,
          transport,
          mode,
          agent,
          facts,
          lease,
          clock,
          log,
          record: new SessionLog({
            writer: {
              write: (what) => this.#traces.redis(found.id, 'write_session', () => writer.write(what)),
            },
            restore: async (head, items) => {
              session?.keepKeysOut();
              const isRestored = await store.restore(head, items, { owner, leaseMs });
              // One that is there may not know any more whose it is.
              if (isRestored) session?.noteAgain();
              else void lease.confirm();
              return isRestored;
            },
            session: current,
            onLost: (events) => observer?.lost(events),
            history,
            clock,
            log,
          }),
          recorder,
          commands: this.#options.commands,
          show: (events) => {
            observer?.follow(events);
            this.#options.relay.follow(current, this.#describe(history, agent), events);
          },
          ending: this.#options.ending,
          moveMedia: this.#options.moveMedia,
          onUnexpected: this.#options.onUnexpected,
          callDesk: this.#options.callDesk,
          maxCallMs: this.#options.maxCallMs,
          newId: this.#options.newId,
          logTranscripts: this.#options.logTranscripts,
          onClosed: release,
        });
        live.opened(found.id, transport, session);
      } catch (error) {
        recorder?.abandon();
        await lease.close();
        throw error;
      }
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** What the agent may know of its session. */
function factsOf(session: Session): SessionFacts {
  const { id, direction, channel, callConnectionId, context, recorded, voicemail, language } = session;
  const facts = { sessionId: id, direction, callConnectionId, context, recorded, voicemail, language };
  return { ...facts, ...(channel === 'phone' && { caller: callerOf(session) || undefined }) };
}
