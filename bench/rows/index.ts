import { HundredCalls } from '../acs/hundred-calls.ts';
import type { Row } from '../row.ts';
import { bargeInRow } from './barge-in.ts';
import { commandStopRow } from './command-stop.ts';
import { costRow } from './cost.ts';
import { overheadRow } from './overhead.ts';
import { phoneCostRow } from './phone-cost.ts';
import { playoutJitterRow } from './playout-jitter.ts';
import { soakRow } from './soak.ts';
import { turnTakingRow } from './turn-taking.ts';
import { twoHundredCallsRow } from './two-hundred-calls.ts';
import { voiceActivityVerdictRow } from './voice-activity-verdict.ts';
import { wireStopRow } from './wire-stop.ts';

/** Every row of the benchmark, in the order in which it runs. Rows about the same hundred calls share one run of them. */
export function createRows(): readonly Row[] {
  const hundredCalls = new HundredCalls();
  return [
    turnTakingRow,
    bargeInRow,
    commandStopRow,
    overheadRow,
    costRow,
    voiceActivityVerdictRow(hundredCalls),
    wireStopRow(hundredCalls),
    playoutJitterRow(hundredCalls),
    phoneCostRow(hundredCalls),
    twoHundredCallsRow,
    soakRow,
  ];
}
