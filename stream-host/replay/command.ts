import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import { recordFolder } from '../../shared/records/record-folder.ts';
import { loadAgents } from '../agent/agent-definition.ts';
import { turnSettingsSchema } from '../agent/turn-settings.ts';
import { type TurnPolicyChanges, turnPolicy } from '../conversation/turns/turn-policy.ts';
import { type Difference, type Outcome, type PlayedDecision, Player } from './player.ts';
import { type Run, readRecorded, UnplayableError } from './recorded-run.ts';

/** Where `npm start` keeps records. */
const LOCAL_RECORDS = '.parley/records';

const HELP = `npm run replay -- RECORD [--set GROUP.FIELD=VALUE]... [--agents FOLDER]

Plays a recorded call again, through the engine as it is now, on a clock of its own, and says whether the engine decides
the same: each event with its time, what it sends and when it stops, what it asks of model and voice. RECORD is the id of
its session, of which the record is looked for in CALL_RECORDS_DIR (${LOCAL_RECORDS}); or a file of JSON lines, or the
folder of a call's record. Services are not called, and nothing is heard.

  --set GROUP.FIELD=VALUE  as in the part "turns" of an agent's YAML, such as endpointing.hold_ms=700: what would the
                           call have been with that? May be given several times.
  --agents FOLDER          the agents' definitions: how the call's agent takes turns now, in place of how it did then
  --help                   this text

Where it differs, what the engine decided then, as the record has it, stands beside what it decides now.

Exit codes: 0 the same, 1 it differs, 2 it cannot be played again (or not to its end: a record that was cut off), and why.`;

const SAME = 0;
const DIFFERS = 1;
const UNPLAYABLE = 2;

/** Where the command says what it found, and what is wrong. */
type Terminal = Pick<Console, 'log' | 'error'>;

/**
 * `npm run replay`.
 * @param recordsFolder where the records of sessions are, one folder each
 * @returns the exit code
 */
export async function replay(
  args: readonly string[],
  terminal: Terminal,
  recordsFolder: string = LOCAL_RECORDS,
): Promise<number> {
  try {
    return await run(args, terminal, recordsFolder);
  } catch (error) {
    terminal.error(messageOf(error));
    return UNPLAYABLE;
  }
}

async function run(args: readonly string[], terminal: Terminal, recordsFolder: string): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      set: { type: 'string', multiple: true, default: [] },
      agents: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    terminal.log(HELP);
    return SAME;
  }
  const [record, ...others] = positionals;
  if (record === undefined || others.length > 0) throw new UnplayableError(`Name one record.\n\n${HELP}`);
  const set = changesOf(values.set);
  let worst = SAME;
  for (const file of await filesOf(record, recordsFolder)) {
    const { runs, torn } = await readRecorded(file);
    for (const [at, run] of runs.entries()) {
      const name = `${path.basename(file)}${runs.length > 1 ? `, run ${at + 1} of ${runs.length}` : ''}`;
      worst = Math.max(worst, await playOne(run, { name, terminal, agents: values.agents, set }));
    }
    if (torn !== undefined) {
      terminal.log(`${path.basename(file)}: ${torn}. What stands before it was played.`);
      worst = Math.max(worst, UNPLAYABLE);
    }
  }
  return worst;
}

interface Playing {
  readonly name: string;
  readonly terminal: Terminal;
  readonly agents: string | undefined;
  readonly set: TurnPolicyChanges;
}

async function playOne(run: Run, { name, terminal, agents, set }: Playing): Promise<number> {
  const own = agents === undefined ? run.begin.changes : await turnsNow(agents, run.begin.agent);
  const changes = merged(own, set);
  for (const line of policyChanges(run, changes)) terminal.log(`${name}: ${line}`);
  const outcome = await new Player(run, { changes }).play();
  if (run.hasHidden) terminal.log(`${name}: telephone numbers are hidden in it; digits of texts are not compared`);
  terminal.log(`${name}: ${verdictOf(run, outcome)}`);
  if (outcome.difference || outcome.guessed) return DIFFERS;
  return run.isWhole ? SAME : UNPLAYABLE;
}

function verdictOf(run: Run, { steps, decisions, difference, guessed }: Outcome): string {
  if (difference) return differenceText(difference, guessed);
  const seconds = ((run.steps.at(-1)?.t ?? 0) / 1000).toFixed(1);
  if (guessed) {
    return `the decisions are the same, but from ${at(guessed.atMs)} on the engine asks what the recorded one did not (${guessed.question})`;
  }
  const same = `the same ${decisions} decisions come of ${steps} inputs, ${seconds} s`;
  return run.isWhole ? same : `${same}; there the record breaks off, without an end`;
}

function differenceText({ number, expected, got }: Difference, guessed: Outcome['guessed']): string {
  const atMs = Math.min(expected?.atMs ?? Number.POSITIVE_INFINITY, got?.atMs ?? Number.POSITIVE_INFINITY);
  return [
    `differs first at ${at(atMs)}, decision ${number}`,
    `  expected: ${decisionText(expected)}`,
    `  got:      ${decisionText(got)}`,
    '  (compared: what the engine decided in the call, as recorded, and what it decides now; this is the first decision that is another, or at another time)',
    // At the same time it only follows from it.
    ...(guessed && guessed.atMs < atMs
      ? [`  (from ${at(guessed.atMs)} on the engine asks what the recorded one did not: ${guessed.question})`]
      : []),
  ].join('\n');
}

const decisionText = (decision: PlayedDecision | undefined): string =>
  decision ? `${decision.type} at ${at(decision.atMs)} ${JSON.stringify(decision.fields)}` : 'nothing more';

const at = (ms: number): string => `${(ms / 1000).toFixed(6)} s`;

/** What of how the agent takes turns is otherwise than it was. */
function policyChanges(run: Run, changes: TurnPolicyChanges): string[] {
  const now: Readonly<Record<string, object>> = { ...turnPolicy(changes) };
  return Object.entries(now).flatMap(([group, fields]) =>
    Object.entries(fields).flatMap(([field, value]) => {
      const then = run.begin.policy[group]?.[field];
      return then === value ? [] : [`${group}.${field} is ${value}, and was ${then ?? 'not there'}`];
    }),
  );
}

async function turnsNow(folder: string, agent: string): Promise<TurnPolicyChanges> {
  const found = (await loadAgents(folder)).get(agent);
  if (!found) throw new UnplayableError(`There is no agent "${agent}" in ${folder}.`);
  return found.turns;
}

/** @throws {ConfigError} for what is no setting of turns */
function changesOf(given: readonly string[]): TurnPolicyChanges {
  return given
    .map((text) => {
      const parts = /^([a-z_]+)\.([a-z_]+)=(.+)$/.exec(text);
      if (!parts) throw new ConfigError(`--set takes GROUP.FIELD=VALUE, not "${text}".`);
      const [, group = '', field = '', value = ''] = parts;
      const parsed = turnSettingsSchema.safeParse({ [group]: { [field]: settingOf(value) } });
      if (!parsed.success)
        throw new ConfigError(`--set ${text}: ${parsed.error.issues[0]?.message ?? 'no such field'}.`);
      return parsed.data.policy;
    })
    .reduce(merged, {});
}

function settingOf(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function merged(a: TurnPolicyChanges, b: TurnPolicyChanges): TurnPolicyChanges {
  const groups: Record<string, object> = { ...a };
  for (const [group, fields] of Object.entries(b)) groups[group] = { ...groups[group], ...fields };
  return groups;
}

/** A record, or the parts of one in their order. */
async function filesOf(given: string, recordsFolder: string): Promise<string[]> {
  const ofSession = path.join(recordsFolder, recordFolder(given));
  const found = (await existing(given)) ?? (await existing(ofSession));
  if (!found) {
    throw new UnplayableError(
      `There is no record "${given}": no file or folder of that name, and no session in ${recordsFolder} (CALL_RECORDS_DIR).`,
    );
  }
  const { record } = found;
  if (!found.isFolder) return [record];
  const lines = (await readdir(record)).filter((name) => name.endsWith('.jsonl'));
  if (lines.length === 0) throw new UnplayableError(`The folder "${record}" holds no record.`);
  return lines.toSorted((a, b) => partOf(a) - partOf(b)).map((name) => path.join(record, name));
}

async function existing(record: string): Promise<{ readonly record: string; readonly isFolder: boolean } | undefined> {
  const found = await stat(record).catch(() => undefined);
  return found && { record, isFolder: found.isDirectory() };
}

/** The first part's name has no number. */
const partOf = (name: string): number => Number(/-(\d+)\.jsonl$/.exec(name)?.[1] ?? 1);
