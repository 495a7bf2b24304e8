import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { StayingRun } from './run.ts';

const AWAY_MS = 30_000;
/** Somebody rings, and somebody hangs up, so long after they were killed. */
const RINGS_AT_MS = 25_000;
const ENDS_AT_MS = 5_000;
/** Who rings is let ring so long; the emulator’s Event Grid delivers his call for 18 s. */
const RINGS_FOR_MS = 30_000;
const onRecord = z.object({ status: z.string(), end_reason: z.string().nullish() });

/** The functions die and stay away, while calls talk, one ends and one rings. */
export async function loseFunctions(run: StayingRun): Promise<void> {
  const { stack } = run;
  const befores = await run.snapshot();
  const [ending, ...others] = befores;
  if (ending === undefined) throw new Error('Nobody calls.');
  for (const { caller } of others) caller.countFromNow();
  const killedMs = performance.now();
  await stack.functions.close('SIGKILL');
  const until = (afterMs: number) => sleep(Math.max(0, killedMs + afterMs - performance.now()));
  await until(ENDS_AT_MS);
  ending.caller.hangUp();
  await until(RINGS_AT_MS);
  const dialledMs = performance.now();
  const ringing = await run.joined();
  await until(AWAY_MS);
  run.found('who rings is not put away', ringing.lost === undefined, ringing.lost ?? 'rings on');
  const noted = (await stack.store.get(ending.sessionId))?.endReason;
  await stack.startFunctionsAgain();
  const backMs = performance.now();
  const after = () => `${((performance.now() - backMs) / 1000).toFixed(2)} s after they were back`;
  run.say(`     the functions were away for ${((backMs - killedMs) / 1000).toFixed(1)} s`);

  const status = async () => {
    const answer = await fetch(`${stack.functionsUrl}/api/v1/calls/${ending.sessionId}`);
    return onRecord.safeParse(await answer.json()).data;
  };
  const isTold = await run.until(async () => (await status())?.end_reason === 'caller-ended', 15_000);
  run.found(
    'that somebody hung up meanwhile is on record',
    isTold,
    `${JSON.stringify(await status())}, ${after()}; while they were away: ${noted}`,
  );
  const isHeard = await run.until(() => ringing.heard.length > 0, RINGS_FOR_MS);
  const rang = `${((performance.now() - dialledMs) / 1000).toFixed(1)} s after he dialled`;
  run.found('who rang is answered', isHeard, `${ringing.lost ?? rang}, ${after()}`);

  const touched = others.filter(({ caller }) => caller.media.some(({ atMs }) => atMs > killedMs));
  run.found('calls whose media was touched', touched.length === 0, String(touched.length));
  await run.untilAllGoOn(others, 'after the functions were away');
  run.foundSilence(others.map(({ caller }) => caller));
}
