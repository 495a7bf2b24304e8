import assert from 'node:assert/strict';
import type { CallEvent, Participant } from '../../../shared/carrier/call-events.ts';
import type {
  AddWish,
  CallIds,
  CallState,
  Capability,
  Carrier,
  TransferWish,
} from '../../../shared/carrier/carrier.ts';

const ALL = ['redirect', 'transfer', 'participants', 'mute', 'hold', 'play', 'recording', 'pause-recording'] as const;

/** A carrier in the test's hands: writes down what it is asked, and fails where it is told to. */
export class ScriptedCarrier implements Carrier {
  readonly name = 'scripted';
  readonly capabilities: ReadonlySet<Capability> = new Set(ALL);
  /** What was asked, such as `hold +15550001`. */
  readonly asked: string[] = [];
  /** What fails, by the first word of it. */
  readonly failing = new Map<string, Error>();
  /** Who is in the call. */
  inCall: readonly string[] = [];
  /** Runs when something was asked, with the operation's context. */
  onAsked: (what: string, operationContext: string) => void = () => {};

  async #ask(what: string, operationContext = ''): Promise<void> {
    this.asked.push(what);
    const failure = this.failing.get(what.split(' ')[0] ?? '');
    if (failure) throw failure;
    this.onAsked(what, operationContext);
  }

  hold = (_: string, who: string, context: string) => this.#ask(`hold ${who}`, context);
  unhold = (_: string, who: string, context: string) => this.#ask(`unhold ${who}`, context);
  sendKeys = (_: string, keys: string, to: string, context: string) => this.#ask(`keys ${keys} ${to}`, context);
  mute = (_: string, who: string, context: string) => this.#ask(`mute ${who}`, context);
  removeParticipant = (_: string, who: string, context: string) => this.#ask(`remove ${who}`, context);
  transfer = (_: string, wish: TransferWish) => this.#ask(`transfer ${wish.target}`, wish.operationContext);
  addParticipant = (_: string, wish: AddWish) => this.#ask(`add ${wish.target}`, wish.operationContext);
  play = (_: string, __: unknown, context: string) => this.#ask('play', context);
  hangUp = (_: string, who = 'everybody') => this.#ask(`hang-up ${who}`);
  pauseRecording = (id: string) => this.#ask(`pause ${id}`);
  resumeRecording = (id: string) => this.#ask(`resume ${id}`);
  stopRecording = (id: string) => this.#ask(`stop ${id}`);

  async startRecording(): Promise<{ readonly recordingId: string }> {
    await this.#ask('record');
    return { recordingId: 'recording-1' };
  }

  async participants(): Promise<readonly Participant[]> {
    return this.inCall.map((id) => ({ id, muted: false, onHold: false }));
  }

  // What no test of the session asks for.
  answer = (): Promise<CallIds> => this.#never();
  place = (): Promise<CallIds> => this.#never();
  reject = (): Promise<void> => this.#never();
  redirect = (): Promise<void> => this.#never();
  end = (): Promise<boolean> => this.#never();
  state = (): Promise<CallState> => this.#never();
  listenForKeys = (): Promise<void> => this.#never();
  stopListeningForKeys = (): Promise<void> => this.#never();
  recordingState = (_: string): Promise<'active' | 'inactive'> => this.#never();
  startMedia = (): Promise<void> => this.#never();
  stopMedia = (): Promise<boolean> => this.#never();
  startTranscription = (): Promise<void> => this.#never();
  readEvent = (): CallEvent | undefined => undefined;
  readAnnouncement: Carrier['readAnnouncement'] = () => assert.fail('The test did not expect a call to be announced.');

  async #never(): Promise<never> {
    throw new Error('The test did not expect this to be asked.');
  }
}
