import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { LineHolder, PhoneLine } from '../phone/phone-line.ts';
import { CALL_ENDS, type CallEnd } from './call-state.ts';
import type { Pacer } from './pacer.ts';

const SILENCE = new Uint8Array(FRAME_BYTES);

export interface RedirectedCallOptions {
  readonly callConnectionId: string;
  readonly caller: PhoneLine;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onOver: () => void;
}

/** A call that the application has sent on to another phone: the two talk, and the application hears no more of it. */
export class RedirectedCall {
  /** What holds the caller's line. */
  readonly callerEnd: LineHolder;
  readonly #options: RedirectedCallOptions;
  readonly #calleeEnd: LineHolder;
  #callee: PhoneLine | undefined;
  #cancelRinging: Cancel = () => {};
  #cancelBeat: Cancel | undefined;
  #over = false;

  constructor(options: RedirectedCallOptions) {
    this.#options = options;
    this.callerEnd = {
      answered: () => {},
      declined: () => this.#end(CALL_ENDS.phoneHungUp),
      toneDialled: () => {},
      hungUp: () => this.#end(CALL_ENDS.phoneHungUp),
    };
    this.#calleeEnd = {
      answered: () => this.#connect(),
      declined: () => this.#end(this.#cancelBeat ? CALL_ENDS.phoneHungUp : CALL_ENDS.declined),
      toneDialled: () => {},
      hungUp: () => this.#end(this.#cancelBeat ? CALL_ENDS.phoneHungUp : CALL_ENDS.declined),
    };
  }

  /** @param callee nothing when there is no such phone */
  ring(callee: PhoneLine | undefined, timeoutMs: number): void {
    if (this.#over) return;
    if (!callee?.seize(this.#calleeEnd)) {
      this.#end(callee ? CALL_ENDS.busy : CALL_ENDS.nobodyThere);
      return;
    }
    const { clock, caller, callConnectionId } = this.#options;
    this.#callee = callee;
    this.#cancelRinging = clock.after(timeoutMs, () => this.#end(CALL_ENDS.noAnswer));
    callee.send({ type: 'ringing', from: caller.number, callConnectionId });
  }

  close(): void {
    this.#end(CALL_ENDS.serviceStopped);
  }

  #connect(): void {
    const callee = this.#callee;
    if (!callee || this.#cancelBeat || this.#over) return;
    this.#cancelRinging();
    const { caller, callConnectionId, pacer, log } = this.#options;
    log.info('redirected call connected');
    for (const line of [caller, callee]) line.send({ type: 'connected', callConnectionId });
    this.#cancelBeat = pacer.add(() => {
      callee.playVoice(caller.readVoice() ?? SILENCE);
      caller.playVoice(callee.readVoice() ?? SILENCE);
    });
  }

  #end({ code, message }: CallEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelRinging();
    this.#cancelBeat?.();
    const { caller, log, onOver } = this.#options;
    log.info({ code, reason: message }, 'redirected call ended');
    for (const line of [caller, this.#callee]) line?.send({ type: 'disconnected', code, reason: message });
    caller.release(this.callerEnd);
    this.#callee?.release(this.#calleeEnd);
    onOver();
  }
}
