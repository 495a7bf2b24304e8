import { access, constants, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../shared/clock.ts';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import { Caller } from './caller.ts';
import { type CallerArguments, HELP, parseCallerArguments } from './caller-arguments.ts';
import type { CallEvent, CallSummary, Utterance } from './caller-events.ts';
import { CallerLine } from './caller-line.ts';
import { CallerPhone, CallFailed } from './caller-phone.ts';
import { CallRecording } from './caller-recording.ts';
import {
  type CallOutcome,
  describeEvent,
  describeFaults,
  describeOutcomes,
  summarise,
  wentWell,
} from './caller-report.ts';
import { CallerRequests } from './caller-requests.ts';
import { loadUtterances } from './caller-script.ts';

const WRONG_OPTIONS = 2;
const INTERRUPTED = 130;

// Whoever reads the output has seen enough, as `head` has.
process.stdout.on('error', () => process.exit(0));

/** @returns the exit code */
async function main(given: readonly string[]): Promise<number> {
  const args = parseCallerArguments(given, process.env);
  if (args.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (args.out !== undefined) await requireFolderOf(args.out);
  const hangUp = new AbortController();
  process.once('SIGINT', () => hangUp.abort());
  const requests = new CallerRequests(args);
  await requireAgent(args.agent, requests);
  await requireMode(args.mode, requests);
  if (args.join) await requireNobodyAnswers(args, requests);
  const cutsIn = args.interruptAfterMs !== undefined;
  const utterances = await loadUtterances(args.lines, { cutsIn, voice: args.voice, requests });
  const outcomes = await Promise.all(
    Array.from({ length: args.calls }, (_, index) => attempt(args, index, utterances, requests, hangUp.signal)),
  );
  if (args.json) printJson({ event: 'summary', ...summarise(outcomes) });
  else report(args, outcomes);
  if (hangUp.signal.aborted) return INTERRUPTED;
  return outcomes.every(wentWell) ? 0 : 1;
}

/** Before the call: what was said is not said again. */
async function requireFolderOf(file: string): Promise<void> {
  await access(path.dirname(file), constants.W_OK).catch((error: unknown) => {
    throw new ConfigError(`--out ${file} cannot be written: ${messageOf(error)}`);
  });
}

async function requireAgent(name: string | undefined, requests: CallerRequests): Promise<void> {
  if (name === undefined) return;
  const agents = (await requests.agents()).map((agent) => agent.name);
  if (!agents.includes(name)) throw new ConfigError(`--agent is "${name}"; there are: ${agents.join(', ')}.`);
}

async function requireMode(name: string | undefined, requests: CallerRequests): Promise<void> {
  if (name === undefined) return;
  const modes = (await requests.modes()).map((mode) => mode.name);
  if (!modes.includes(name)) throw new ConfigError(`--mode is "${name}"; this stack has: ${modes.join(', ')}.`);
}

/** A second party speaks with the caller, and not with an agent. */
async function requireNobodyAnswers({ mode, agent }: CallerArguments, requests: CallerRequests): Promise<void> {
  const [agents, modes] = await Promise.all([requests.agents(), requests.modes()]);
  const answering = agents.find((known) => (agent === undefined ? known.default : known.name === agent));
  const held = mode ?? answering?.mode;
  if (!modes.find(({ name }) => name === held)?.answers) return;
  const silent = modes.filter(({ answers }) => !answers).map(({ name }) => name);
  throw new ConfigError(
    `--join is for a call that nobody answers, and in the mode ${held} somebody does: give --mode ${silent.join(' or ')}.`,
  );
}

async function attempt(
  args: CallerArguments,
  index: number,
  utterances: readonly Utterance[],
  requests: CallerRequests,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const outcome = await sleep(index * args.staggerMs, undefined, { signal })
    .catch(() => {
      throw new CallFailed('Hung up before it began.');
    })
    .then(() => call(args, index, utterances, requests, signal))
    .then(
      (summary): CallOutcome => ({ summary }),
      (error: unknown): CallOutcome => {
        // What this stack cannot do is an option that is wrong, and no call that failed.
        if (error instanceof ConfigError) throw error;
        return { failure: messageOf(error) };
      },
    );
  if (args.json) {
    if ('failure' in outcome) printJson({ event: 'failed', call: index, message: outcome.failure });
    else printJson({ event: 'completed', call: index, ...outcome.summary, latenciesMs: latenciesOf(outcome.summary) });
  } else if (args.calls > 1 && !args.quiet) {
    const what = wentWell(outcome) ? describeOutcomes([outcome]) : problemsOf(outcome).join(' ');
    process.stdout.write(`Call ${index + 1}: ${what}\n`);
  }
  return outcome;
}

const problemsOf = (outcome: CallOutcome): readonly string[] =>
  'failure' in outcome ? [outcome.failure] : outcome.summary.missed;

const latenciesOf = ({ answers }: CallSummary): number[] => answers.map(({ latencyMs }) => latencyMs);

async function call(
  args: CallerArguments,
  index: number,
  utterances: readonly Utterance[],
  requests: CallerRequests,
  signal: AbortSignal,
): Promise<CallSummary> {
  const line = await CallerLine.plugIn(args.emulatorUrl, numberOf(args.number, index), reportListenerError);
  const recording = new CallRecording({ keepSamples: args.out !== undefined });
  const second = args.join && (await secondParty(args.emulatorUrl, args.join, requests, signal));
  try {
    const caller = new Caller({
      line,
      clock: systemClock,
      script: {
        utterances,
        ...(args.interruptAfterMs !== undefined && { interruptAfterMs: args.interruptAfterMs }),
        ...(args.hangUpAfterMs !== undefined && { hangUpAfterMs: args.hangUpAfterMs }),
      },
      to: args.outbound ? undefined : args.to,
      agent: args.agent,
      mode: args.mode,
      placeCall: () => requests.placeCall(line.number, args),
      faults: args.faults,
      readRecord: (callConnectionId) => requests.record(callConnectionId),
      onEvent: (event) => printEvent(args, index, event),
      recording,
      second,
      signal,
    });
    return await caller.run();
  } finally {
    line.close();
    second?.unplug();
    if (args.out !== undefined) await writeFile(args.out, recording.toWav());
  }
}

/** Somebody with a phone of his own, who waits to be added to a call. */
async function secondParty(
  emulatorUrl: string,
  { number, lines, voice }: NonNullable<CallerArguments['join']>,
  requests: CallerRequests,
  signal: AbortSignal,
) {
  const utterances = await loadUtterances(lines, { cutsIn: false, voice, requests });
  const line = await CallerLine.plugIn(emulatorUrl, number, reportListenerError);
  const phone = new CallerPhone({
    line,
    clock: systemClock,
    recording: new CallRecording({ keepSamples: false }),
    signal,
    onEvent: () => {},
  });
  const unplug = () => {
    void phone.hangUp();
    line.close();
  };
  return { number, phone, utterances, answer: () => line.send({ type: 'answer' }), unplug };
}

const reportListenerError = (event: string, error: unknown): void => {
  process.stderr.write(`A listener of "${event}" failed: ${messageOf(error)}\n`);
};

/** Numbers of calls made at once follow one another. */
function numberOf(first: string | undefined, index: number): string {
  const base = first ?? `+1555${1_000_000 + Math.floor(Math.random() * 8_000_000)}`;
  return `+${BigInt(base.slice(1)) + BigInt(index)}`;
}

function printEvent(args: CallerArguments, index: number, event: CallEvent): void {
  if (args.json) printJson({ ...event, call: index });
  if (args.json) return;
  // What failed is told with what went wrong.
  if (event.event === 'faults') process.stdout.write(`${nameOf(args, index)}${describeFaults(event)}\n`);
  else if (!args.quiet && args.calls === 1) process.stdout.write(`${describeEvent(event)}\n`);
}

const nameOf = (args: CallerArguments, index: number): string => (args.calls > 1 ? `Call ${index + 1}: ` : '');

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function report(args: CallerArguments, outcomes: readonly CallOutcome[]): void {
  for (const [index, outcome] of outcomes.entries()) {
    // Of many calls each has been told of when it ended; in one, what was not answered when it was not.
    const wasAnswered = 'summary' in outcome && outcome.summary.written === undefined;
    if (!args.quiet && (args.calls > 1 || wasAnswered)) break;
    for (const problem of problemsOf(outcome)) process.stderr.write(`${nameOf(args, index)}${problem}\n`);
  }
  process.stdout.write(`${describeOutcomes(outcomes)}\n`);
  if (args.out !== undefined) process.stdout.write(`Recorded in ${args.out}: caller left, agent right.\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof ConfigError ? WRONG_OPTIONS : 1;
}
