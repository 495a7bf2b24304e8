import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import type { OperationPorts } from '../../shared/calls/operations/operate.ts';
import { changeRecording, enterRecording } from '../../shared/calls/operations/recording.ts';
import { recordingStateOf } from '../../shared/calls/operations/recording-state.ts';
import { requireNobodyUntold } from '../../shared/calls/operations/untold.ts';
import { recordingTask, recordingTold } from '../../shared/calls/recording-told.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Session, SessionCommand } from '../../shared/sessions/session.ts';
import { newSession, redisesUnderTest } from '../../shared/sessions/testing/redis.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { CallNews } from '../contract/call-news.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { CallRecording } from './call-recording.ts';
import { ScriptedCarrier } from './testing/scripted-carrier.ts';

/** What happens to a call that is recorded; of what the carrier tells each may come late, twice, in any order. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('start' as const),
      how: fc.constantFrom('well', 'well', 'refused', 'unanswered', 'fails-later', 'told-early', 'unnoted'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constantFrom('pause' as const, 'resume' as const, 'stop' as const) }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('spoken' as const), heard: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('command' as const), twice: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('joins' as const), aside: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('event' as const), which: fc.nat(), twice: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constantFrom('dies' as const, 'dies unheard' as const, 'taken over' as const) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const [redis] = await redisesUnderTest();
if (!redis) throw new Error('There is no Redis.');
const ledger = new OperationLedger(redis.connect(), { ttlMs: 60_000, wallMs: () => ++now });
let now = 1_800_000_000_000;
const log = pino({ level: 'silent' });
const NOTICE = 'This call is recorded.';

/** What a host asks of the ledger, or what is taken in before it has its answer, counted while it is waited for. */
let waiting = 0;
/** Redis is away for what it is to note next. */
let isAway = false;
async function counted<Result>(asked: Promise<Result>): Promise<Result> {
  waiting += 1;
  return asked.finally(() => {
    waiting -= 1;
  });
}
const hostsLedger: OperationPorts['ledger'] = {
  begin: (operation) => counted(ledger.begin(operation)),
  accepted: (id, context) => counted(ledger.accepted(id, context)),
  settle: (id, settlement) =>
    counted(isAway ? Promise.reject(new ParleyError('redis.unavailable', 'Away.')) : ledger.settle(id, settlement)),
  get: (id, context) => counted(ledger.get(id, context)),
  list: (id) => counted(ledger.list(id)),
  lookSoon: (id, context, deadlineMs) => counted(ledger.lookSoon(id, context, deadlineMs)),
};

/** Until the host has done all that it has begun. */
async function idle(): Promise<void> {
  for (let quiet = 0; quiet < 5; quiet = waiting > 0 ? 0 : quiet + 1)
    await new Promise((resolve) => setImmediate(resolve));
}

/** A carrier's recordings, and what it has told of them that nobody has taken in. */
class Recordings extends ScriptedCarrier {
  how = 'well';
  running: { readonly id: string; active: boolean } | undefined;
  readonly told: ReturnType<typeof recordingTask>[] = [];
  begun = 0;
  takeIn: (which: number) => Promise<void> = async () => {};

  override state = async () => 'connected' as const;
  override startRecording = async () => {
    if (this.how === 'refused' || this.running) throw new CarrierError('refused', 'acs.refused', 'No.');
    this.begun += 1;
    const id = `recording-${this.begun}`;
    const isEarly = this.how === 'told-early';
    if (this.how === 'fails-later') this.tell(id, 'failed');
    else {
      this.running = { id, active: true };
      this.tell(id, 'active');
    }
    isAway = this.how === 'unnoted';
    // Events may be here before the answer.
    if (isEarly) await this.takeIn(this.told.length - 1);
    if (this.how === 'unanswered') throw new CarrierError('unreachable', 'acs.unreachable', 'No answer.');
    return { recordingId: id };
  };
  override pauseRecording = async (id: string) => this.#set(id, false);
  override resumeRecording = async (id: string) => this.#set(id, true);
  override stopRecording = async (id: string) => {
    this.#find(id);
    this.dies();
  };
  override recordingState = async (id: string) => (this.#find(id).active ? ('active' as const) : ('inactive' as const));

  dies(): void {
    if (this.running) this.tell(this.running.id, 'inactive');
    this.running = undefined;
  }

  tell(recordingId: string, state: 'active' | 'inactive' | 'failed'): void {
    const event = { id: `${this.told.length}`, at: 0, callId: 'connection', name: 'x', kind: 'other' } as const;
    this.told.push(recordingTask(event, { recordingId, state }));
  }

  #set(id: string, active: boolean): void {
    const found = this.#find(id);
    if (found.active === active) return;
    found.active = active;
    this.tell(id, active ? 'active' : 'inactive');
  }

  #find(id: string) {
    if (this.running?.id !== id) throw new CarrierError('gone', 'acs.call-gone', 'It does not know this call.');
    return this.running;
  }
}

/** One call, and all who have to do with its recording. */
class Call {
  readonly carrier = new Recordings();
  readonly session: Session = {
    ...newSession(),
    version: 1,
    createdAt: 0,
    status: 'connected',
    callConnectionId: 'connection',
  };
  readonly clock = new VirtualClock();
  commands: SessionCommand[] = [];
  news: CallNews[] = [];
  heard = 0;
  /** How many have come, and how many of them were there when the notice was last begun that was heard. */
  joined = 0;
  told = 0;
  readonly #beganWith = new Map<CallNews, number>();
  /** It was said to have failed, and runs. */
  readonly falseAlarms: string[] = [];
  #asked = 0;
  host = this.#open(true);

  constructor() {
    this.carrier.takeIn = (which) => counted(this.event(which, false));
  }

  #open(isNew: boolean): CallRecording {
    const host = new CallRecording({
      ports: { carrier: this.carrier, ledger: hostsLedger },
      sessionId: this.session.id,
      callId: async () => 'connection',
      agent: { fromStart: false, notice: NOTICE },
      isWanted: false,
      plan: { wish: { channels: 'mixed', format: 'wav' } },
      callerHears: () => false,
      mode: {
        ...{ start() {}, audio() {}, pressed() {}, interrupt() {}, close() {} },
        told: (told: CallNews) => {
          if (told.speech === 'none') return;
          this.news.push(told);
          this.#beganWith.set(told, this.joined);
        },
      },
      events: new SessionEvents(new VirtualClock()),
      clock: this.clock,
      log,
      onFailed: (operation) => void (this.carrier.running && this.falseAlarms.push(operation)),
      onUnnoted: () => {},
    });
    host.begin('from-start', isNew);
    return host;
  }

  async live(each: Step): Promise<void> {
    switch (each.what) {
      case 'start':
        this.carrier.how = each.how;
        return this.ask('start');
      case 'pause':
      case 'resume':
      case 'stop':
        return this.ask(each.what);
      case 'spoken':
        return this.spoken(each.heard);
      case 'command':
        return this.command(each.twice);
      case 'event':
        return this.event(each.which, each.twice);
      case 'joins':
        return this.joins(each.aside);
      case 'dies':
        return this.carrier.dies();
      case 'dies unheard': {
        const { told } = this.carrier;
        const before = told.length;
        this.carrier.dies();
        told.length = before;
        return;
      }
      case 'taken over':
        this.host.close(false);
        this.news = [];
        this.host = this.#open(false);
    }
  }

  /** As the API does it. */
  async ask(action: 'start' | 'pause' | 'resume' | 'stop'): Promise<void> {
    const { id: sessionId } = this.session;
    const operationContext = `${action}-${++this.#asked}`;
    const of = { sessionId, callId: 'connection', operationContext, askedBy: 'api' } as const;
    const ports = { carrier: this.carrier, ledger };
    try {
      if (action === 'start') {
        if ((await this.state()).is !== 'off') return;
        await enterRecording(ports, of);
        this.commands.push({ type: 'wish', operationContext, wish: { kind: 'record' } });
        return;
      }
      const wasRunning = this.carrier.running?.active === true;
      if (action === 'resume') requireNobodyUntold(await ledger.list(sessionId));
      const takenBack = await changeRecording(ports, of, action);
      assert.ok(wasRunning || !this.recordsUntold, 'it was gone on with while somebody was not told');
      const about = { operationContext: takenBack ?? operationContext, succeeded: takenBack === undefined };
      this.commands.push({ type: 'operation', ...about, reason: action });
    } catch (error) {
      assert.ok(error instanceof ParleyError && error.code.startsWith('recording.'), String(error));
    }
  }

  /** The ledger knows it before the host does. */
  async joins(aside: boolean): Promise<void> {
    const { id: sessionId } = this.session;
    this.joined += 1;
    const operationContext = `joined-${this.joined}`;
    const data = { target: operationContext };
    await ledger.begin({ sessionId, operationContext, kind: 'add-participant', deadlineMs: 60_000, data });
    await ledger.settle(sessionId, { operationContext, state: 'succeeded' });
    void this.host.joined(operationContext, aside);
  }

  spoken(heard: boolean): void {
    const news = this.news.shift();
    if (heard && news && JSON.stringify(news.speech).includes(NOTICE)) {
      this.heard += 1;
      this.told = this.#beganWith.get(news) ?? 0;
    }
    news?.onSpoken?.(heard);
  }

  async command(twice: boolean): Promise<void> {
    const command = this.commands.shift();
    for (let times = 0; command && times < (twice ? 2 : 1); times += 1) await this.#take(command);
  }

  async #take(command: SessionCommand): Promise<void> {
    if (command.type === 'wish') this.host.start(command.operationContext);
    if (command.type !== 'operation') return;
    const { operationContext, succeeded, reason } = command;
    if (this.host.ended(operationContext, succeeded, reason)) return;
    const operation = await ledger.get(this.session.id, operationContext);
    if (operation) this.host.told(operation);
  }

  async event(which: number, twice: boolean): Promise<void> {
    const { told } = this.carrier;
    const [event] = told.splice(which % Math.max(1, told.length), 1);
    for (let times = 0; event && times < (twice ? 2 : 1); times += 1) {
      const todo = { name: event.name, dueAt: 0, tries: 0, data: event.data ?? {} };
      const task = { sessionId: this.session.id, session: this.session, todo, log };
      const store = { command: async (_: string, command: SessionCommand) => void this.commands.push(command) };
      const later = await recordingTold(task, { store, ledger, carrier: this.carrier });
      if (later) told.push({ name: event.name, inMs: later.inMs, data: later.data });
    }
  }

  /** Everything that is still on its way arrives. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await idle();
      if (this.commands.length + this.carrier.told.length + this.news.length > 0) quiet = 0;
      while (this.commands.length > 0) await this.command(false);
      while (this.carrier.told.length > 0) await this.event(0, false);
      this.spoken(false);
      // What could not be done is tried again.
      await this.clock.advance(60_000);
    }
  }

  /** Somebody has come in, is recorded, and has not been told. */
  get recordsUntold(): boolean {
    return this.told < this.joined && this.carrier.running?.active === true;
  }

  async state() {
    return recordingStateOf(await ledger.list(this.session.id));
  }
}

/** Histories that once were not survived (breaker16e): that it had begun could not be noted, and it died while it was paused. */
const FOUND: [Step[]][] = [
  [
    [
      { what: 'start', how: 'unnoted' },
      { what: 'command', twice: false },
      { what: 'spoken', heard: true },
      { what: 'joins', aside: false },
    ],
  ],
  [
    [
      { what: 'start', how: 'unnoted' },
      { what: 'command', twice: false },
      { what: 'joins', aside: false },
      { what: 'spoken', heard: true },
    ],
  ],
  [
    [
      { what: 'start', how: 'well' },
      { what: 'taken over' },
      { what: 'spoken', heard: true },
      { what: 'joins', aside: false },
      { what: 'dies' },
    ],
  ],
];

test('whatever is asked of a recording, and whatever becomes of it, told late, twice or not at all: nobody is recorded unheard, the ledger knows whether he is, and another one may begin (breaker16b 0a)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const call = new Call();
      for (const each of steps) {
        await call.live(each);
        await idle();
        isAway = false;
        assert.deepEqual(call.falseAlarms, []);
        assert.ok(call.carrier.begun <= call.heard, 'recorded before the notice was heard');
        // One whose name the ledger does not have, or the host has not been told, can be paused by nobody.
        const { is } = await call.state();
        const isKnown =
          (is === 'running' || is === 'paused') && call.commands.every(({ type }) => type !== 'operation');
        assert.ok(!(call.recordsUntold && isKnown), 'somebody who came in is recorded untold');
      }
      await call.settle();
      assert.ok(!call.recordsUntold, 'somebody who came in is recorded untold to the end');
      const isUnheard = steps.some(({ what }) => what === 'dies unheard');
      const state = await call.state();
      const { running } = call.carrier;
      const expected = running === undefined ? 'off' : running.active ? 'running' : 'paused';
      if (!isUnheard) assert.equal(state.is, expected);
      // Whatever it was: it can be stopped, and another one begins, which the host takes, too.
      await call.ask('stop');
      await call.settle();
      assert.deepEqual([(await call.state()).is, call.carrier.running], ['off', undefined]);
      call.carrier.how = 'well';
      await call.ask('start');
      await call.command(false);
      await idle();
      while (call.news.length > 0) call.spoken(true);
      await call.settle();
      assert.equal((await call.state()).is, 'running');
      // At the end of the call nothing is left open.
      call.host.close(true);
    }),
    { numRuns: 40, examples: FOUND },
  );
});
