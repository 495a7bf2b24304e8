import { beginsAtOnce } from '../../../shared/calls/call-wish.ts';
import type { ToolCall } from '../../../shared/sessions/history.ts';
import type { CallAction, CheckedAction, Responder, ToolOutcome, ToolRequest } from '../../contract/agent.ts';
import type { SessionEmitter } from '../../contract/events.ts';
import type { Mouth } from '../../contract/mouth.ts';
import type { RealtimeSession } from '../../contract/realtime.ts';
import type { Ledger } from './ledger.ts';
import type { LiveTurn } from './live-turn.ts';

interface ToolDeskOptions {
  readonly agent: Responder;
  readonly events: SessionEmitter;
  readonly ledger: Ledger;
  readonly mouth: Mouth;
  readonly session: () => RealtimeSession | undefined;
  /** A response of the turn is under way, which may ask for more of them. */
  readonly isResponding: (turn: LiveTurn) => boolean;
  /** Does something with the call. */
  readonly act: (action: CallAction) => void;
  /** All tools of the turn are done: the model goes on with what they gave. */
  readonly askOn: (turn: LiveTurn) => void;
}

/** What the model is told of something that is done with the call later. */
const ONCE_HEARD = { status: 'accepted', note: 'It is done once the caller has heard what you say now. Tell him so.' };

/** Owed by the service from the end of its own tools until it goes on. */
const AFTER_SERVICE_TOOLS = 'after-service-tools';

/** Runs what a turn's model asks for, and puts what came of it into the conversation and on record. */
export class ToolDesk {
  readonly #options: ToolDeskOptions;
  /** Tools that the service runs, by the key under which their turn knows them. */
  readonly #ofService = new Map<string, { readonly turn: LiveTurn; readonly call: ToolCall }>();

  constructor(options: ToolDeskOptions) {
    this.#options = options;
  }

  use(turn: LiveTurn, request: ToolRequest): void {
    const { agent, events, ledger, session } = this.#options;
    const served = session();
    if (!served) return;
    turn.tools ??= agent.openTools?.(ledger.itemsBefore(turn));
    const ending = turn.tools?.ending?.(request);
    if (ending) {
      turn.ending = ending;
      served.toolResult(request.callId, JSON.stringify({ note: 'The call ends once you were heard.' }));
      return;
    }
    const wanted = turn.tools?.action?.(request);
    if (wanted) {
      this.#takeDown(turn, served, request.callId, wanted);
      return;
    }
    const used = turn.tools?.use(request, turn.abort.signal);
    if (!used) {
      served.toolResult(request.callId, JSON.stringify({ error: 'unknown_tool' }));
      turn.unusedResults = true;
      this.goOn(turn);
      return;
    }
    const { callId } = used.call;
    turn.running.add(callId);
    turn.toolStarted(used.call);
    void used.outcome.then((outcome) => events.atomic(() => this.#ended(turn, served, callId, outcome)));
  }

  /** What is to be done with the call waits until the turn was heard. Asked for twice, it is done once. */
  #takeDown(turn: LiveTurn, served: RealtimeSession, callId: string, wanted: CheckedAction): void {
    if ('refused' in wanted) {
      served.toolResult(callId, JSON.stringify(wanted.refused.result));
      turn.unusedResults = true;
      this.goOn(turn);
      return;
    }
    const { action } = wanted;
    served.toolResult(callId, JSON.stringify(action.told ?? ONCE_HEARD));
    if (beginsAtOnce(action.wish)) {
      this.#begin(turn, action);
      return;
    }
    const { name } = action.call;
    if (!turn.actions.some(({ call }) => call.name === name)) turn.actions.push(action);
  }

  /** One that has not asked the caller for anything yet is asked to. */
  #begin(turn: LiveTurn, action: CallAction): void {
    turn.asksToSayIt = true;
    this.#options.act(action);
  }

  /** A response has ended: one that wants something done with the call, and has not said a word, is asked to. */
  responseEnded(turn: LiveTurn): void {
    const mustBeSaid = turn.actions.length > 0 || turn.asksToSayIt;
    if (mustBeSaid && !turn.hasAudio && !turn.askedToSayIt) {
      turn.askedToSayIt = true;
      turn.unusedResults = true;
    }
    this.goOn(turn);
  }

  /** Has the model go on once nothing is awaited any more: no tool, and no response that may ask for one. */
  goOn(turn: LiveTurn): void {
    const { isResponding, askOn } = this.#options;
    // Whoever has cut in asks for the next answer himself.
    if (turn.over || !turn.unusedResults || turn.running.size > 0 || isResponding(turn)) return;
    askOn(turn);
  }

  /** A tool that the service runs itself: the answer goes on after it. */
  serviceTool(turn: LiveTurn, callId: string, name: string, state: 'started' | 'completed' | 'failed'): void {
    const key = `service-${callId}`;
    const call = { callId, name, args: {} };
    if (state === 'started') {
      turn.running.add(key);
      this.#ofService.set(key, { turn, call });
      turn.toolStarted(call);
      return;
    }
    if (!turn.running.has(key)) return;
    turn.owed.add(AFTER_SERVICE_TOOLS);
    this.#serviceToolEnded(key, state === 'failed' ? 'failed: the service could not run it' : undefined);
  }

  /** The service goes on. */
  wentOn(turn: LiveTurn): void {
    turn.owed.delete(AFTER_SERVICE_TOOLS);
  }

  /** The turn was cut off, or the session is gone: nobody will be told what becomes of the service's own tools. */
  dropped(turn: LiveTurn): void {
    for (const [key, of] of this.#ofService) {
      if (of.turn === turn) this.#serviceToolEnded(key, 'cancelled: the answer was cut off');
    }
  }

  #serviceToolEnded(key: string, error: string | undefined): void {
    const running = this.#ofService.get(key);
    if (!running) return;
    const { turn, call } = running;
    this.#ofService.delete(key);
    turn.running.delete(key);
    const outcome = { call, turn: turn.number, elapsedMs: 0, result: null };
    this.#options.events.emit('toolEnded', { ...outcome, ...(error !== undefined && { error }) });
  }

  #ended(turn: LiveTurn, asker: RealtimeSession, callId: string, outcome: ToolOutcome): void {
    const { events, ledger, mouth, session } = this.#options;
    const { call, result } = outcome;
    turn.running.delete(callId);
    turn.toolEnded(outcome);
    ledger.turnReads(turn, turn.history(mouth.heardMs));
    events.emit('toolEnded', { ...outcome, turn: turn.number });
    const served = session();
    if (served === asker) served.toolResult(call.callId, JSON.stringify(result ?? null));
    else served?.restore([{ role: 'tool', call, result }]);
    turn.unusedResults = true;
    this.goOn(turn);
  }
}
