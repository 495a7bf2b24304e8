import { agentsEnd, type EndReason, TRANSFERRED, whoHangsUp } from '../../shared/calls/end-reasons.ts';
import { isCollecting } from '../../shared/calls/keys-wish.ts';
import type { Settlement } from '../../shared/calls/operation-ledger.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { NewId } from '../../shared/ids.ts';
import type { Logger } from '../../shared/log.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Session, SessionCommand } from '../../shared/sessions/session.ts';
import type { CallAction, Responder, SessionFacts } from '../contract/agent.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Transport } from '../contract/line.ts';
import type { Mode, ModeKind } from '../contract/mode.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import type { CallRecord } from '../record/call-record.ts';
import { Attentions } from './attentions.ts';
import type { CallEnding } from './call-ending.ts';
import { newsItem } from './call-news.ts';
import type { SessionLease } from './lease.ts';
import { unnoticedMs } from './left-alone.ts';
import { logSessionEvents } from './log-session-events.ts';
import { type CallDeskParts, type OpenCallDesk, openCallDesk } from './open-call-desk.ts';
import { patiently } from './patiently.ts';
import { SessionKeys } from './session-keys.ts';
import type { SessionLog } from './session-log.ts';
import { lineLost } from './socket-refusals.ts';
import { TalkPause } from './talk-pause.ts';
import { limitTime } from './time-limit.ts';
import { whyEnded } from './why-ended.ts';

/** Where commands for a session come from. The returned function stops listening. */
export interface SessionCommands {
  /** @param owner the lease under which the commands are carried out */
  open(sessionId: string, onCommand: (command: SessionCommand) => void, owner: string): () => void;
}

export interface LiveSessionOptions {
  readonly session: Session;
  readonly history: readonly HistoryItem[];
  readonly transport: Transport;
  readonly mode: ModeKind;
  readonly agent: Responder;
  readonly facts: SessionFacts;
  readonly record: SessionLog;
  /** What is kept of the session for good. */
  readonly recorder?: CallRecord | undefined;
  readonly lease: SessionLease;
  readonly commands: SessionCommands;
  /** Shows the session's events to whoever watches it from outside. */
  readonly show: (events: SessionEventSource) => void;
  /** Ends the phone call itself. A media socket that closes does not do that. */
  readonly ending: CallEnding;
  /**
   * Has the carrier open the call's media socket anew, at another host.
   * @returns false where there was none to close
   */
  readonly moveMedia?: ((callConnectionId: string, sessionId: string) => Promise<boolean>) | undefined;
  /** Something failed that cannot fail: this process may not be sound. */
  readonly onUnexpected?: ((error: unknown) => void) | undefined;
  /** What is done with phone calls. Without it nothing can be. */
  readonly callDesk?: CallDeskParts | undefined;
  readonly maxCallMs: number;
  readonly newId: NewId;
  readonly clock: Clock;
  readonly log: Logger;
  /** Writes what was said into the log, for development only. */
  readonly logTranscripts: boolean;
  /** Everything is closed and written; the session may be picked up again. */
  readonly onClosed: () => void;
}

const LINE_CLOSED = 'line-closed' satisfies EndReason;
const HANDED_OVER = 'handed-over' satisfies EndReason;

/** A reason of ours; the carrier's are words. */
const CODE = /^[a-z]+\.[a-z-]+$/;
/** How long the last words of a session may take to be written. */
const FLUSH_MS = 2000;
const ELSEWHERE = 'This server is being restarted. Connect again to go on.';

/**
 * One live session: a line, a mode on it, and the record of both. Whichever ends first ends the others. What the mode
 * does with the line is its own affair.
 */
export class LiveSession {
  readonly #options: LiveSessionOptions;
  readonly #events: SessionEvents;
  readonly #mode: Mode;
  readonly #attentions: Attentions;
  readonly #keys: SessionKeys;
  readonly #desk: OpenCallDesk | undefined;
  readonly #stopCommands: () => void;
  readonly #cancelLimit: Cancel;
  readonly #pause: TalkPause;
  #over = false;
  #endReason = '';
  /** The carrier has closed the line, and nobody knows why yet. */
  #mayBeTold = false;

  constructor(options: LiveSessionOptions) {
    const { session, history, transport, mode, agent, record, recorder, clock, log } = options;
    this.#options = options;
    this.#events = new SessionEvents(clock);
    transport.follow(this.#events, mode.rateHz);
    record.follow(this.#events);
    recorder?.follow(this.#events);
    logSessionEvents(this.#events, log, options.logTranscripts);
    options.show(this.#events);
    this.#pause = new TalkPause(clock, mode.rateHz);
    this.#pause.follow(this.#events);
    this.#events.on('fault', ({ code, error }) => {
      if (code === 'listener.failed') options.onUnexpected?.(error);
    });
    if (recorder) this.#events.on('agentSpoke', () => this.#events.emit('spent', recorder.summary));
    this.#events.on('ended', ({ reason }) => this.#finish(agentsEnd(reason), true));
    this.#mode = mode.open({
      clock,
      log,
      events: this.#events,
      line: this.#pause.line(recorder?.line(transport) ?? transport),
      agent,
      agentName: session.agent,
      history,
      turns: session.turns ?? history.length,
      facts: options.facts,
      beganAtMs: session.connectedAt ?? session.createdAt,
      act: (action) => this.#act(action),
      recorder,
      inputs: recorder?.inputs,
    });
    this.#attentions = new Attentions((to) => {
      this.#keys.hold(to === 'nobody');
      this.#mode.attend?.(to);
    });
    this.#keys = new SessionKeys({
      events: this.#events,
      mode: this.#mode,
      attend: (to) => this.#attentions.attend('keys', to),
      agent,
      clock,
      newId: options.newId,
      listen: (on) => this.#desk?.keys.listen(on),
      keepOut: (forMs) => this.#desk?.keys.keepOut(forMs),
      keep: (keys) => record.patch({ keys }),
      settle: (settlement) => void this.#settle(settlement),
    });
    this.#desk = session.channel === 'phone' ? this.#openDesk() : undefined;
    if (session.keys) this.#keys.resume(session.keys);
    // Whoever asks for a recording of a call in which nobody speaks is told at once whether it can be.
    if (!this.#mode.told && this.#desk?.isNoticeUnspoken) record.patch({ noticeUnspoken: true });

    transport.events.on('ready', () => this.#start());
    transport.events.on('audio', (pcm, from) => {
      if (this.#over) return;
      recorder?.heard(pcm, from);
      this.#mode.audio(pcm, from);
    });
    transport.events.on('interrupt', () => this.#mode.interrupt());
    transport.events.on('text', (text) => this.#typed(text));
    transport.events.on('dtmf', (tone) => this.#keys.press(tone, 'line'));
    transport.events.on('endRequested', () => this.#finish('caller-ended', true));
    transport.events.on('closed', (code, reason) => this.#onLineClosed(code, reason));
    // The function that asks for the end hangs up by itself.
    const onCommand = (command: SessionCommand) => {
      if (command.type === 'transcribed') this.#mode.transcribed?.(command.phrase);
      else if (command.type === 'key') this.#keys.press(command.key, 'carrier');
      else if (command.type === 'end') this.#finish(command.reason, false);
      else if (command.type === 'wish' && isCollecting(command.wish))
        void this.#keys.wish(command.wish, command.operationContext, this.#desk?.whyNotAsked);
      else this.#desk?.take(command);
    };
    this.#stopCommands = options.commands.open(session.id, onCommand, options.lease.owner);
    this.#cancelLimit = limitTime({
      clock,
      beganAtMs: session.connectedAt ?? clock.wallMs(),
      maxCallMs: options.maxCallMs,
      onNear: (leftS) => this.#tellTime(leftS),
      onOver: () => this.#finish('call-too-long', true),
    });

    record.add('media.connected', { resumed: history.length > 0, mode: session.mode, answers: mode.answers });
    // One that has come back has not ended: an empty reason is none.
    const cameBack = session.endReason !== undefined && { endReason: '' };
    if (session.channel === 'browser') record.patch({ status: 'connected', connectedAt: clock.wallMs(), ...cameBack });
    if (transport.ready) this.#start();
  }

  /** Redis has lost the session: writes it again, though nothing may be happening in it now. */
  restore(): void {
    this.#options.record.restore();
  }

  /** Before it is written again. */
  keepKeysOut(): void {
    this.#keys.keepOutAgain();
  }

  /** It was written again, and what the call's desk has noted beside it is still lost. */
  noteAgain(): void {
    this.#desk?.noteAgain(this.#keys.operations);
  }

  /** Makes sure that the session is this host's. */
  confirm(): Promise<void> {
    return this.#options.lease.confirm();
  }

  /** Another host speaks for the session now: falls silent at once and writes nothing more about it. */
  yieldTo(reason: string): void {
    this.#options.record.abandon();
    this.#options.recorder?.abandon();
    this.#options.transport.close(CLOSE.alreadyConnected, reason);
  }

  /**
   * Hands the session over to another host in a pause of its talk, which is waited for so long at most. Never rejects.
   * The lease is let go of before the carrier is asked for another socket: whoever gets that finds the session free.
   */
  async moveOn(waitMs: number): Promise<void> {
    const { session, transport, record, lease, clock, log, moveMedia } = this.#options;
    const found = await this.#pause.reached(waitMs, () => this.#keys.isCollecting);
    if (this.#over) return;
    const callId = session.callConnectionId;
    if (session.channel !== 'phone' || callId === undefined || moveMedia === undefined) {
      transport.close(CLOSE.goingAway, ELSEWHERE);
      return;
    }
    if (found === 'pause') record.patch({ handedOverAt: clock.wallMs() });
    this.#keys.leave();
    this.#wrapUp(CLOSE.goingAway, HANDED_OVER, ELSEWHERE);
    await this.#letGo(async () => {
      // Before what is kept for good is written: the caller hears nobody until then.
      await lease.close();
      try {
        if (await moveMedia(callId, session.id)) log.info({ found }, 'the call goes on at another host');
      } catch (error) {
        // It is asked again by whoever works at the call.
        log.warn({ reason: messageOf(error) }, 'the carrier opened no other socket for a call that is handed over');
      }
      transport.close(CLOSE.goingAway, ELSEWHERE);
    });
  }

  #start(): void {
    if (this.#over) return;
    const { session, history, clock, log } = this.#options;
    const sinceMs = unnoticedMs(session, clock.wallMs());
    const isUnnoticed = sinceMs !== undefined;
    log.info({ history: history.length, ...(isUnnoticed && { sinceMs }) }, 'the conversation begins');
    try {
      this.#desk?.begin();
      this.#mode.start(isUnnoticed);
    } catch (error) {
      log.error({ err: error }, 'the conversation could not begin');
      this.#options.onUnexpected?.(error);
      this.#options.transport.close(CLOSE.internal, 'The conversation could not begin.');
    }
  }

  /** What was collected of the caller as a secret, by the name that it was told by. */
  secretKeys(handle: string): string | undefined {
    return this.#keys.reveal(handle);
  }

  #openDesk(): OpenCallDesk | undefined {
    const { callDesk, session, history, agent, record, clock, log } = this.#options;
    if (!callDesk) return undefined;
    return openCallDesk(callDesk, {
      session,
      resumed: history.length > 0,
      agent: agent.recording,
      mode: this.#mode,
      attend: (to) => {
        this.#keys.wait(to !== 'caller');
        this.#attentions.attend('call', to);
      },
      events: this.#events,
      clock,
      log,
      onPutThrough: () => this.#finish(TRANSFERRED, true),
      onCallerLeft: (reason = 'caller-left') => this.#finish(reason, true, 'everybody'),
      onNotRecorded: (_, reason) =>
        this.#events.emit('fault', { code: CODE.test(reason) ? reason : 'recording.failed' }),
      onUnnoted: (operation, reason) => record.add('recording.failed', { operation_id: operation, reason }),
    });
  }

  /** What came of keys is told by whoever has the session: another host may have woken, and know better. Never rejects. */
  async #settle(settlement: Settlement): Promise<void> {
    const { callDesk, session, lease, clock, log } = this.#options;
    const settle = async () => {
      if (await lease.isHeld()) await callDesk?.ports.ledger.settle(session.id, settlement);
    };
    try {
      await patiently(settle, clock, () => false);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'what came of keys could not be noted');
    }
  }

  #act(action: CallAction): void {
    if (this.#keys.act(action)) return;
    if (this.#desk) return void this.#desk.act(action);
    const { callId, name } = action.call;
    const result = { status: 'failed', reason: 'this is no phone call' };
    this.#mode.told?.({ item: newsItem(`${callId}-failed`, name, result), speech: 'own-words' });
  }

  /** The agent says so, in its own words. */
  #tellTime(leftS: number): void {
    const result = { ends_in_s: leftS, note: 'Tell the caller now, in one short sentence, that the call ends then.' };
    this.#mode.told?.({ item: newsItem(`time-${leftS}`, 'call_time', result), speech: 'own-words' });
  }

  #typed(text: string): void {
    if (this.#keys.type(text)) return;
    if (this.#mode.typed) this.#mode.typed(text);
    else this.#events.emit('fault', { code: 'text.unsupported' });
  }

  /** The session is over for good. The reason is a code: what the agent itself gave as one may quote the caller. */
  #finish(reason: string, endsCall: boolean, who = whoHangsUp(reason)): void {
    if (this.#over) return;
    const { session, transport, record, lease, clock, log } = this.#options;
    if (session.channel === 'browser') {
      record.patch({ status: 'disconnected', endedAt: clock.wallMs(), endReason: reason });
    } else if (endsCall) {
      // Before the call ends, so that nobody takes the media's end for a loss to be healed.
      record.patch({ endReason: reason });
    }
    this.#desk?.close(true);
    this.#wrapUp(CLOSE.normal, reason);
    if (session.channel === 'phone' && endsCall) {
      void this.#letGo(async () => {
        await this.#options.ending.end(session, log, () => lease.isHeld(), who);
        transport.end(reason);
      });
    } else {
      this.#endLine(reason);
      void this.#letGo();
    }
  }

  /** Whoever is on the line is told what it has come to: what the end has broken off says a moment later what it used. */
  #endLine(reason: string): void {
    const { transport, recorder } = this.#options;
    if (recorder === undefined) transport.end(reason);
    else setImmediate(() => transport.end(reason, recorder.summary));
  }

  #onLineClosed(code: number, reason: string): void {
    if (this.#over) return;
    const { session, record, clock } = this.#options;
    const endReason = session.channel === 'browser' ? lineLost(code) : LINE_CLOSED;
    // A browser is gone until it comes back with the same session. The end of a phone call is reported by ACS itself.
    if (session.channel === 'browser') record.patch({ status: 'disconnected', endedAt: clock.wallMs(), endReason });
    this.#mayBeTold = endReason === LINE_CLOSED && code === CLOSE.normal;
    this.#keys.leave();
    this.#wrapUp(code, endReason, reason);
    void this.#letGo();
  }

  /** @param reason what the socket is, or was, closed with */
  #wrapUp(code: number, endReason: string, reason = endReason): void {
    this.#over = true;
    this.#endReason = endReason;
    const { transport, record, log } = this.#options;
    this.#cancelLimit();
    this.#stopCommands();
    this.#keys.close();
    this.#desk?.close(false);
    this.#mode.close(endReason);
    const { malformed, foreign, early, excess, dropped } = transport.counts;
    record.add('media.disconnected', { code, reason, malformed, foreign, early, excess, dropped });
    const faults = Object.entries({ malformed, foreign, early, excess, dropped }).filter(([, count]) => count > 0);
    log.info({ code, reason, endReason, ...Object.fromEntries(faults) }, 'the line is closed');
  }

  /** Never rejects. */
  async #whyEnded(): Promise<string> {
    const { session, callDesk, clock } = this.#options;
    const told = this.#mayBeTold && callDesk ? await whyEnded(session, callDesk.find, clock) : undefined;
    return told ?? this.#endReason;
  }

  async #letGo(lastStep: () => Promise<void> = async () => {}): Promise<void> {
    const { record, recorder, lease, onClosed } = this.#options;
    // Beside the rest, so that what is kept for good adds nothing to the wait for the session.
    const kept = recorder?.close(this.#whyEnded(), FLUSH_MS);
    // In this order: whoever takes the session next reads all that was said.
    await record.close(FLUSH_MS);
    await lastStep();
    // Until then nobody may erase it.
    await kept;
    await lease.close();
    onClosed();
  }
}
