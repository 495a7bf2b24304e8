/** How a service stands to the server, as `GET /api/v1/health/dependencies` tells it. */
export interface PageDependency {
  readonly name: string;
  /** Which one it is, where several can be set up. */
  readonly service?: string;
  readonly state: 'accepted' | 'refused' | 'unreachable' | 'throttled' | 'not configured';
  readonly latencyMs?: number;
  readonly ageMs?: number;
  readonly count?: number;
  readonly breaker?: 'closed' | 'open' | 'probing';
  readonly advice?: string;
}

/** What the page calls them; one that a later server adds has its own name. */
const TITLES: Readonly<Record<string, string>> = {
  redis: 'Redis',
  acs: 'Telephone (ACS)',
  'acs-keys': 'Telephone’s signing keys',
  'speech-recognition': 'Speech recognition',
  'speech-synthesis': 'Speech synthesis',
  'chat-model': 'Language model',
  'speech-recognition-fallback': 'Speech recognition, the second',
  'speech-synthesis-fallback': 'Speech synthesis, the second',
  'chat-model-fallback': 'Language model, the second',
  realtime: 'Speech-to-speech model',
  'call-records': 'Storage of call records',
  'stream-hosts': 'Stream hosts',
};

export const titleOf = ({ name }: PageDependency): string => TITLES[name] ?? name;

/** Whether somebody should look at it. */
export const isTrouble = ({ state }: PageDependency): boolean => state !== 'accepted' && state !== 'not configured';

/** Behind the word: which one it is, how long it took, how old that is, and how many there are. */
export function figuresOf({ service, latencyMs, ageMs, count, breaker }: PageDependency): string {
  const figures = [
    ...(service === undefined ? [] : [service]),
    ...(count === undefined ? [] : [count === 1 ? '1 alive' : `${count} alive`]),
    ...(latencyMs === undefined ? [] : [`${latencyMs} ms`]),
    ...(ageMs === undefined ? [] : [`${Math.round(ageMs / 1000)} s ago`]),
    ...(breaker === 'open' ? ['calls do not ask it'] : []),
  ];
  return figures.join(' · ');
}

/** What the chip in the page's head says; empty where all is well. */
export function summaryOf(dependencies: readonly PageDependency[]): string {
  const troubled = dependencies.filter(isTrouble);
  const [first] = troubled;
  if (first === undefined) return '';
  return troubled.length === 1 ? `${titleOf(first)}: ${first.state}` : `${troubled.length} services fail`;
}

/** Undefined where it is no such answer: the server is older, or does not tell everybody. */
export function dependenciesIn(answer: unknown): readonly PageDependency[] | undefined {
  const { dependencies } = (answer ?? {}) as { readonly dependencies?: readonly PageDependency[] };
  return Array.isArray(dependencies) ? dependencies : undefined;
}
