import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { PriceTable } from '../../shared/records/price-table.ts';
import type { RecordStore } from '../../shared/records/record-store.ts';
import type { Session, SessionEvent } from '../../shared/sessions/session.ts';
import type { OnServed } from '../contract/recorder.ts';
import { CallRecord } from './call-record.ts';
import type { RecordPrivacy } from './privacy.ts';
import { RecordBudget } from './record-budget.ts';
import { allLost, type Lost, NOTHING_LOST } from './record-writer.ts';

export interface CallRecordsOptions {
  /** Without it no record is kept. */
  readonly store?: RecordStore | undefined;
  readonly prices?: PriceTable | undefined;
  readonly privacy: RecordPrivacy;
  readonly clock: Clock;
  /** Parley's own version. */
  readonly version: string;
  /** Of an agent's file and tools, as they are now. */
  readonly agentVersion: (agent: string) => string | undefined;
  readonly host: string;
}

export interface OpenedCall {
  readonly session: Session;
  /** The call was held before. */
  readonly resumed: boolean;
  readonly rateHz: number;
  readonly eventsAfter: (eventId: string | undefined) => Promise<readonly SessionEvent[]>;
  readonly onServed?: OnServed | undefined;
  readonly log: Logger;
}

/** Opens the records of a process's calls. */
export class CallRecords {
  readonly #options: CallRecordsOptions;
  readonly #budget = new RecordBudget();
  #lost = NOTHING_LOST;

  constructor(options: CallRecordsOptions) {
    this.#options = options;
  }

  /** What records of calls lack, of all since the start. */
  get lost(): Lost {
    return this.#lost;
  }

  open({ session, resumed, ...call }: OpenedCall): CallRecord {
    const { store, prices, privacy, clock, version, agentVersion, host } = this.#options;
    return new CallRecord({
      ...{ store, prices, privacy, clock, budget: this.#budget, session },
      ...call,
      onLost: (more) => {
        this.#lost = allLost(this.#lost, more);
      },
      head: {
        agent_version: agentVersion(session.agent),
        parley_version: version,
        host,
        resumed,
        rate_hz: call.rateHz,
      },
    });
  }
}
