import { SoakCall } from './call.ts';

/** Plays one call of the soak again and prints all that happened: `node test/soak/replay.ts <call seed>`. */
const seed = Number(process.argv[2]);
if (!Number.isInteger(seed)) {
  console.error('usage: node test/soak/replay.ts <call seed>');
  process.exit(2);
}
const call = new SoakCall(seed, (atMs, what) => console.log(`${(atMs / 1000).toFixed(3).padStart(9)}  ${what}`));
const { violations, ...report } = await call.run();
console.log(report);
for (const { rule, atMs, detail } of violations) console.log(`VIOLATION ${rule} at ${atMs} ms: ${detail}`);
process.exitCode = violations.length === 0 ? 0 : 1;
