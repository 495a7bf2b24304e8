/**
 * What somebody who calls wants to go wrong meanwhile, in the words that the terminal caller, the page and the emulator
 * have in common: `model=slow:7s@10s-30s,redis=down`. No package, as the page reads it, too.
 */
export type FaultName = 'slow' | 'down' | 'silent' | 'throttled' | 'refused' | 'garbled';

const ALL = ['slow', 'down', 'silent', 'throttled', 'refused', 'garbled'] as const;
const UNGARBLED = ['slow', 'down', 'silent', 'throttled', 'refused'] as const;

/** What can fail, and how. */
export const FALLIBLE = {
  model: ALL,
  voice: ALL,
  recogniser: ALL,
  realtime: ALL,
  redis: ['slow', 'down', 'silent', 'refused'],
  acs: ALL,
  identity: ALL,
  blob: UNGARBLED,
  telemetry: UNGARBLED,
  functions: UNGARBLED,
  'stream-host': ['slow', 'down', 'silent'],
} as const satisfies Readonly<Record<string, readonly FaultName[]>>;
export type Fallible = keyof typeof FALLIBLE;

/** One word for several. */
const TOGETHER: Readonly<Record<string, readonly Fallible[]>> = { speech: ['recogniser', 'voice'] };

export const FALLIBLE_NAMES: readonly string[] = [...Object.keys(FALLIBLE), ...Object.keys(TOGETHER)];

/** One thing that shall fail, in a certain way, for a certain time of the call. */
export interface WantedFault {
  readonly dependency: Fallible;
  readonly fault: FaultName;
  /** By how much it is slow, or when a throttled one says that it can be asked again. */
  readonly amountMs: number;
  /** From so long after the call was answered on; without it, from before the call on. */
  readonly fromMs: number | undefined;
  /** Until so long after; of one without `fromMs`, after it was wanted. Without it, until the call is over. */
  readonly untilMs: number | undefined;
  /** As it was written, without its times. */
  readonly text: string;
}

const AMOUNTS: Readonly<Partial<Record<FaultName, { readonly usualMs: number; readonly such: string }>>> = {
  slow: { usualMs: 5_000, such: 'slow:7s' },
  throttled: { usualMs: 20_000, such: 'throttled:20s' },
};
const LONGEST_AMOUNT_MS = 600_000;
const LONGEST_CALL_MS = 3_600_000;
/** More is a mistake. */
const MOST_FAULTS = 20;
const UNITS_MS = { ms: 1, s: 1_000, m: 60_000 } as const;

/** How it is written, in a line. */
export const FAULT_GRAMMAR = '<what>=<fault>[:<amount>][@<from>[-<until>]], separated by commas';
/** In place of a time: from before the call on. What ends then counts from there. */
const RINGING = 'ringing';

/** @returns what is wanted; or what is wrong with it, and what is allowed */
export function parseFaults(text: string): { readonly faults: readonly WantedFault[] } | { readonly problem: string } {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > MOST_FAULTS) return { problem: `These are ${parts.length} faults; ${MOST_FAULTS} are the most.` };
  const faults: WantedFault[] = [];
  for (const part of parts) {
    const read = parseFault(part);
    if ('problem' in read) return read;
    faults.push(...read.faults);
  }
  return { faults };
}

function parseFault(text: string): { readonly faults: readonly WantedFault[] } | { readonly problem: string } {
  const [, what = '', name = '', amount, times] =
    /^([^=:@]+)=([^=:@]+)(?::([^=:@]*))?(?:@([^=:@]*))?$/.exec(text) ?? [];
  if (what === '') return { problem: `"${text}" is no fault. Write ${FAULT_GRAMMAR}: model=slow:7s@10s-30s.` };
  const dependencies = dependenciesOf(what);
  if (dependencies === undefined) {
    return { problem: `"${what}" is nothing that can fail here; there are: ${FALLIBLE_NAMES.join(', ')}.` };
  }
  const faults: WantedFault[] = [];
  for (const dependency of dependencies) {
    const known: readonly FaultName[] = FALLIBLE[dependency];
    const fault = known.find((each) => each === name);
    if (fault === undefined) return { problem: `${what} cannot be "${name}"; it can be: ${known.join(', ')}.` };
    const amountMs = amountOf(fault, amount);
    if (amountMs === undefined) return { problem: amountProblem(`${what}=${fault}`, fault, amount ?? '') };
    const span = spanOf(times);
    if (span === undefined) {
      return {
        problem: `"@${times}" is no time of a call: write @10s, or @10s-30s, counted from its answer, or @ringing-5s; an hour is the most.`,
      };
    }
    const written = amount === undefined ? `${dependency}=${fault}` : `${dependency}=${fault}:${amount}`;
    faults.push({ dependency, fault, amountMs, ...span, text: written });
  }
  return { faults };
}

function dependenciesOf(what: string): readonly Fallible[] | undefined {
  const one = fallible(what);
  if (one !== undefined) return [one];
  return Object.hasOwn(TOGETHER, what) ? TOGETHER[what] : undefined;
}

const fallible = (name: string): Fallible | undefined =>
  (Object.keys(FALLIBLE) as Fallible[]).find((each) => each === name);

function amountOf(fault: FaultName, given: string | undefined): number | undefined {
  const usualMs = AMOUNTS[fault]?.usualMs;
  if (given === undefined) return usualMs ?? 0;
  const ms = durationOf(given);
  return usualMs === undefined || ms === undefined || ms === 0 || ms > LONGEST_AMOUNT_MS ? undefined : ms;
}

function amountProblem(text: string, fault: FaultName, given: string): string {
  const known = AMOUNTS[fault];
  if (known === undefined) return `${text} takes no amount, and was given "${given}".`;
  return `${text} takes a time up to ten minutes, such as ${known.such}, and was given "${given}".`;
}

function spanOf(given: string | undefined): Pick<WantedFault, 'fromMs' | 'untilMs'> | undefined {
  if (given === undefined) return { fromMs: undefined, untilMs: undefined };
  const [from = '', until, ...more] = given.split('-');
  const beginMs = from === RINGING ? 0 : durationOf(from);
  const untilMs = until === undefined ? undefined : durationOf(until);
  if (beginMs === undefined || beginMs > LONGEST_CALL_MS || more.length > 0) return undefined;
  const fromMs = from === RINGING ? undefined : beginMs;
  if (until === undefined) return { fromMs, untilMs: undefined };
  return untilMs === undefined || untilMs <= beginMs || untilMs > LONGEST_CALL_MS ? undefined : { fromMs, untilMs };
}

/** `500ms`, `7s`, `1.5s`, `2m`; 0 has no unit to need. */
function durationOf(text: string): number | undefined {
  if (text === '0') return 0;
  const [, number, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text) ?? [];
  if (unit !== 'ms' && unit !== 's' && unit !== 'm') return undefined;
  return Math.round(Number(number) * UNITS_MS[unit]);
}

const NAMES: Readonly<Record<Fallible, string>> = {
  model: 'the language model',
  voice: 'the voice',
  recogniser: 'the recogniser',
  realtime: 'the speech-to-speech service',
  redis: 'Redis',
  acs: 'Communication Services',
  identity: 'the managed identity',
  blob: 'the storage of records',
  telemetry: 'the telemetry',
  functions: 'the functions',
  'stream-host': 'the stream host',
};

const SEVERAL: ReadonlySet<string> = new Set(['functions'] satisfies Fallible[]);

/** What begins or ends with a fault, for people: `model=slow:7s` is "the language model is slow (7s)". */
export function describeFault(text: string, state: 'on' | 'off'): string {
  const [, what = '', fault = '', amount] = /^([^=]+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
  const dependency = fallible(what);
  const name = dependency === undefined ? what : NAMES[dependency];
  const areSeveral = SEVERAL.has(what);
  if (state === 'off') return areSeveral ? `${name} are as they were` : `${name} is as it was`;
  if (fault === 'refused') return areSeveral ? `${name} refuse us` : `${name} refuses us`;
  return `${name} ${areSeveral ? 'are' : 'is'} ${fault}${amount === undefined ? '' : ` (${amount})`}`;
}
