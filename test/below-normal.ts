import { constants, setPriority } from 'node:os';
import path from 'node:path';

// Loaded before each test file: whoever talks with a whole stack needs the processor in time, and all others can wait.
if (path.dirname(process.argv[1] ?? '') !== import.meta.dirname) setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
