import type { Row } from '../row.ts';
import { soakRow } from './soak.ts';

/** Every row of the benchmark, in the order in which it runs. */
export const rows: readonly Row[] = [soakRow];
