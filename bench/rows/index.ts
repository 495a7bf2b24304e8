import type { Row } from '../row.ts';
import { bargeInRow } from './barge-in.ts';
import { costRow } from './cost.ts';
import { hundredCallsRow } from './hundred-calls.ts';
import { overheadRow } from './overhead.ts';
import { soakRow } from './soak.ts';
import { turnTakingRow } from './turn-taking.ts';
import { twoHundredCallsRow } from './two-hundred-calls.ts';
import { voiceLiveRow } from './voice-live.ts';

/** Every row of the benchmark, in the order in which it runs. */
export const ROWS: readonly Row[] = [
  turnTakingRow,
  bargeInRow,
  overheadRow,
  costRow,
  hundredCallsRow,
  twoHundredCallsRow,
  voiceLiveRow,
  soakRow,
];
