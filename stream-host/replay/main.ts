import { replay } from './command.ts';

// What npm start was told, where that was not the usual folder.
process.exitCode = await replay(process.argv.slice(2), console, process.env.CALL_RECORDS_DIR || undefined);
