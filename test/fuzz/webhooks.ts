import { Random } from '../../bench/random.ts';
import { CALLBACK_BODIES, GRID_BODIES, INITIATE_BODIES, TICKET_BODIES } from './decoders.ts';
import { fuzzed } from './mutations.ts';
import { Budget, Tally } from './pace.ts';
import { randomAddress } from './sockets.ts';

/** Functions that may be fuzzed. */
export interface WebhookTarget {
  /** With the prefix. */
  readonly functionsUrl: string;
  /** Of the stream host, which makes tickets, too. */
  readonly hostUrl?: string;
  callbackToken(): Promise<string>;
  /** A session to which callbacks belong. */
  readonly sessionId: string;
}

export interface WebhookFuzzOptions {
  readonly bodies: number;
  readonly perSecond: number;
  readonly seed: string;
  readonly valid: boolean;
  readonly workers: number;
  readonly onProgress?: (done: number) => void;
}

export interface WebhookReport {
  readonly bodies: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers that nobody should get, with what was sent. */
  readonly problems: readonly string[];
}

type Hook = 'answer' | 'callbacks' | 'initiate' | 'tickets' | 'host tickets';
const HOOKS: Readonly<Record<Hook, number>> = { answer: 4, callbacks: 4, initiate: 1, tickets: 1, 'host tickets': 1 };
const SEEDS: Readonly<Record<Hook, readonly string[]>> = {
  answer: GRID_BODIES,
  callbacks: CALLBACK_BODIES,
  initiate: INITIATE_BODIES,
  tickets: TICKET_BODIES,
  'host tickets': TICKET_BODIES,
};
/** What an event may tell. Lost media of a call that nobody knows takes seconds, on purpose, and is seldom asked for. */
const EVENT_TYPES = {
  CallConnected: 6,
  ParticipantsUpdated: 6,
  CallDisconnected: 2,
  MediaStreamingStopped: 0.05,
} as const;
const MOST_PROBLEMS = 20;
const PATIENCE_MS = 30_000;

/** Posts damaged bodies to every route that takes one. */
export async function fuzzWebhooks(target: WebhookTarget, options: WebhookFuzzOptions): Promise<WebhookReport> {
  const budget = new Budget(options.bodies, options.perSecond, options.onProgress);
  const tally = new Tally();
  const problems: string[] = [];
  let count = 0;
  const work = async (random: Random) => {
    while (!budget.isSpent) {
      const hook = random.weighted(target.hostUrl === undefined ? { ...HOOKS, 'host tickets': 0 } : HOOKS);
      const text = random.pick(SEEDS[hook]);
      // Else all but the first would be repetitions, which nobody looks at.
      const seed = text
        .replaceAll(/\b(event|context)-\d\b/g, (_, name: string) => `${name}-${options.seed}-${++count}`)
        .replace('MediaStreamingStopped', random.weighted(EVENT_TYPES));
      const body = options.valid ? seed : fuzzed(random, seed, true);
      const problem = await post(target, hook, body, random, tally);
      if (problem !== undefined && problems.length < MOST_PROBLEMS)
        problems.push(`${problem}\n  ${hook}: ${body.slice(0, 2000)}`);
      await budget.spend(1);
    }
  };
  const random = new Random(`webhooks ${options.seed}`);
  await Promise.all(Array.from({ length: options.workers }, (_, n) => work(random.fork(String(n)))));
  return { bodies: budget.done, statuses: tally.counts, problems };
}

/** @returns what is wrong with the answer */
async function post(
  target: WebhookTarget,
  hook: Hook,
  body: string,
  random: Random,
  tally: Tally,
): Promise<string | undefined> {
  const { functionsUrl, hostUrl, sessionId } = target;
  const paths: Readonly<Record<Hook, string>> = {
    answer: `${functionsUrl}/calls/answer`,
    callbacks: `${functionsUrl}/calls/callbacks/${random.chance(0.98) ? sessionId : 'nobody'}`,
    initiate: `${functionsUrl}/calls/initiate`,
    tickets: `${functionsUrl}/tickets`,
    'host tickets': `${hostUrl}/api/v1/tickets`,
  };
  const headers: Record<string, string> = {
    'content-type': random.pick(['application/json', 'text/plain', 'application/cloudevents+json']),
    // The stream host makes tickets for this machine alone.
    ...(hook !== 'host tickets' && { 'x-forwarded-for': randomAddress(random) }),
    ...(hook === 'callbacks' && { authorization: `Bearer ${await target.callbackToken()}` }),
  };
  try {
    const response = await fetch(paths[hook], {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    tally.add(`${hook} ${response.status}`);
    const text = await response.text();
    const comeAgain = hook === 'answer' ? 502 : 503;
    if (response.status >= 500 && response.status !== comeAgain) return `${response.status}: ${text.slice(0, 500)}`;
    JSON.parse(text);
    return undefined;
  } catch (error) {
    tally.add(`${hook} unanswered`);
    const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined };
    return `no answer: ${message} ${cause instanceof Error ? cause.message : ''}`;
  }
}
