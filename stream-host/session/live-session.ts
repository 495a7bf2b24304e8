import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Session, SessionCommand } from '../../shared/sessions/session.ts';
import type { Responder } from '../contract/agent.ts';
import type { ConversationEvents } from '../contract/events.ts';
import type { Transport } from '../contract/line.ts';
import type { OpenRecogniser, OpenTurnJudge, OpenVoiceActivity, Synthesiser } from '../contract/speech.ts';
import { Conversation } from '../conversation/conversation.ts';
import type { TurnPolicyChanges } from '../conversation/turns/turn-policy.ts';
import type { PlayoutClock } from '../playout/playout.ts';
import type { SessionLease } from './lease.ts';
import type { SessionRecorder } from './session-log.ts';

/** What MEDIA mode hears and speaks with. */
export interface SpeechServices {
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly openRecogniser: OpenRecogniser;
  readonly openTurnJudge?: OpenTurnJudge | undefined;
  readonly synthesiser: Synthesiser;
  /** Paces the voices of all sessions. */
  readonly playoutClock: PlayoutClock;
}

/** Where commands for a session come from. The returned function stops listening. */
export interface SessionCommands {
  open(sessionId: string, onCommand: (command: SessionCommand) => void): () => void;
}

export interface MediaSessionOptions {
  readonly session: Session;
  readonly history: readonly HistoryItem[];
  readonly transport: Transport;
  readonly speech: SpeechServices;
  readonly responder: Responder;
  /** How the agent takes turns, where it is not by the defaults. */
  readonly turns: TurnPolicyChanges;
  readonly recorder: SessionRecorder;
  readonly lease: SessionLease;
  readonly commands: SessionCommands;
  /** Ends the phone call itself. A media socket that closes does not do that. */
  readonly hangUp: (callConnectionId: string) => Promise<void>;
  readonly maxCallMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Writes what was said into the log, for development only. */
  readonly logTranscripts: boolean;
  /** Everything is closed and written; the session may be picked up again. */
  readonly onClosed: () => void;
}

/** How long the last words of a session may take to be written. */
const FLUSH_MS = 2000;

/**
 * One session in MEDIA mode: a line, a conversation on it, and the record of both. Whichever ends first ends the other.
 */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #conversation: Conversation;
  readonly #stopCommands: () => void;
  readonly #cancelLimit: Cancel;
  #over = false;

  constructor(options: MediaSessionOptions) {
    const { session, history, transport, speech, responder, recorder, clock, turns } = options;
    this.#options = options;
    this.#conversation = new Conversation({ clock, sink: transport, responder, history, policy: turns, ...speech });
    transport.follow(this.#conversation.events);
    recorder.follow(this.#conversation.events);
    this.#logConversation();
    this.#conversation.events.on('ended', () => this.#finish('agent-ended', true));

    transport.events.on('ready', () => this.#start());
    transport.events.on('audio', (pcm) => this.#conversation.receiveAudio(pcm));
    transport.events.on('interrupt', () => this.#conversation.interrupt());
    transport.events.on('dtmf', (tone) => recorder.record('caller.pressed', { tone }));
    transport.events.on('endRequested', () => this.#finish('caller-ended', true));
    transport.events.on('closed', (code, reason) => this.#onLineClosed(code, reason));
    this.#stopCommands = options.commands.open(session.id, (command) => {
      // The function that asks for it hangs up by itself.
      this.#finish(command.reason, false);
    });
    this.#cancelLimit = clock.after(options.maxCallMs, () => this.#finish('call-too-long', true));

    recorder.record('media.connected', { resumed: history.length > 0 });
    if (session.channel === 'browser') recorder.patch({ status: 'connected', connectedAt: Date.now() });
    if (transport.ready) this.#start();
  }

  /** Another host speaks for the session now: falls silent at once and writes nothing more about it. */
  yieldTo(reason: string): void {
    this.#options.recorder.abandon();
    this.#options.transport.close(CLOSE.alreadyConnected, reason);
  }

  #start(): void {
    this.#options.log.info({ history: this.#options.history.length }, 'the conversation begins');
    try {
      this.#conversation.start();
    } catch (error) {
      this.#options.log.error({ err: error }, 'the conversation could not begin');
      this.#options.transport.close(CLOSE.internal, 'The conversation could not begin.');
    }
  }

  /** The session is over for good. The reason is a code: what the agent itself gave as one may quote the caller. */
  #finish(reason: string, endsCall: boolean): void {
    if (this.#over) return;
    const { session, transport, recorder } = this.#options;
    if (session.channel === 'browser') {
      recorder.patch({ status: 'disconnected', endedAt: Date.now(), endReason: reason });
    } else if (endsCall) {
      // Before the call ends, so that nobody takes the media's end for a loss to be healed.
      recorder.patch({ endReason: reason });
    }
    this.#wrapUp(CLOSE.normal, reason);
    if (session.channel === 'phone' && endsCall) void this.#letGo(() => this.#hangUp(reason));
    else {
      transport.end(reason);
      void this.#letGo();
    }
  }

  async #hangUp(reason: string): Promise<void> {
    const { session, transport, hangUp, log } = this.#options;
    try {
      if (session.callConnectionId === undefined) throw new Error('its connection is not known');
      await hangUp(session.callConnectionId);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the call could not be hung up');
    }
    transport.end(reason);
  }

  #onLineClosed(code: number, reason: string): void {
    if (this.#over) return;
    const { session, recorder } = this.#options;
    // A browser is gone until it comes back with the same session. The end of a phone call is reported by ACS itself.
    if (session.channel === 'browser') {
      recorder.patch({ status: 'disconnected', endedAt: Date.now(), endReason: `socket-closed-${code}` });
    }
    this.#wrapUp(code, reason);
    void this.#letGo();
  }

  #wrapUp(code: number, reason: string): void {
    this.#over = true;
    const { transport, recorder, log } = this.#options;
    this.#cancelLimit();
    this.#stopCommands();
    this.#conversation.close(reason);
    const { malformed, foreign, early, excess, dropped } = transport.counts;
    recorder.record('media.disconnected', { code, reason, malformed, foreign, early, excess, dropped });
    const faults = Object.entries({ malformed, foreign, early, excess, dropped }).filter(([, count]) => count > 0);
    log.info({ code, reason, ...Object.fromEntries(faults) }, 'the line is closed');
  }

  async #letGo(lastStep: () => Promise<void> = async () => {}): Promise<void> {
    const { recorder, lease, onClosed } = this.#options;
    // In this order: whoever takes the session next reads all that was said.
    await recorder.close(FLUSH_MS);
    await lastStep();
    await lease.close();
    onClosed();
  }

  #logConversation(): void {
    const { log, logTranscripts } = this.#options;
    const { events } = this.#conversation;
    const quote = (said: string) => (logTranscripts ? { said } : {});
    events.on('callerFinal', (text, turn) => log.info({ turn, ...quote(text) }, 'the caller spoke'));
    events.on('agentSpoke', ({ turn, heardText, interrupted }) =>
      log.info({ turn, interrupted, ...quote(heardText) }, 'the agent spoke'),
    );
    events.on('toolEnded', ({ call, elapsedMs, error, turn }) =>
      log.info(
        { turn, tool: call.name, elapsedMs: Math.round(elapsedMs), failed: error !== undefined },
        'a tool was used',
      ),
    );
    events.on('turnLatency', (latency, turn) => log.info({ turn, ...latency }, 'turn latency'));
    events.on('replyResumed', ({ turn, silentMs }) =>
      log.info({ turn, silentMs: Math.round(silentMs) }, 'a sound was no interruption'),
    );
    events.on('draftDropped', (wasted) => log.info(wasted, 'an answer that was begun early was not wanted'));
    events.on('fault', (code, error) => log.warn({ code, reason: faultText(error) }, 'fault'));
  }
}

function faultText(error: ConversationEvents['fault'][1]): string | undefined {
  return error === undefined ? undefined : messageOf(error);
}
