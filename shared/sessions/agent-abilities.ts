import { decodeName } from '../modes/offered-modes.ts';

/** What an agent can do in a call that a request may want of it. */
export interface AgentAbilities {
  /** Whether its calls can be recorded, and then whether people are told so by its voice. */
  readonly recording: 'none' | 'spoken' | 'unspoken';
  /** Keys that it knows how to ask for, by name. */
  readonly inputs: readonly string[];
}

export type AbilitiesByAgent = Readonly<Record<string, AgentAbilities>>;

/** What a host says of its agents. One that does not tell may have any, and each may be able to do anything. */
interface AgentOffer {
  readonly agents?: readonly string[];
  readonly abilities?: AbilitiesByAgent;
}

const RECORDINGS = ['none', 'spoken', 'unspoken'] as const satisfies readonly AgentAbilities['recording'][];

/** As hosts write it into Redis: `,orders:spoken:pin:code,` */
export const encodeAbilities = (abilities: AbilitiesByAgent): string =>
  `,${Object.entries(abilities)
    .map(([agent, { recording, inputs }]) => `${[agent, recording, ...inputs].map(encodeURIComponent).join(':')},`)
    .join('')}`;

/** What cannot be read is left out: of that agent nothing is known then. */
export const decodeAbilities = (text: string): AbilitiesByAgent =>
  Object.fromEntries(
    text.split(',').flatMap((entry): [string, AgentAbilities][] => {
      const [agent, told, ...inputs] = entry.split(':').map((name) => decodeName(name) ?? '');
      const recording = RECORDINGS.find((known) => known === told);
      return agent && recording ? [[agent, { recording, inputs }]] : [];
    }),
  );

/** What an agent can do at one host or another; undefined where some host that may have it does not tell. */
export function abilitiesOf(agent: string, offers: readonly AgentOffer[]): AgentAbilities | undefined {
  const having = offers.filter(({ agents }) => agents?.includes(agent) ?? true);
  const told = having.flatMap(({ abilities = {} }) =>
    Object.hasOwn(abilities, agent) ? (abilities[agent] ?? []) : [],
  );
  if (told.length === 0 || told.length < having.length) return undefined;
  const most = Math.max(...told.map(({ recording }) => RECORDINGS.indexOf(recording)));
  return { recording: RECORDINGS[most] ?? 'none', inputs: [...new Set(told.flatMap(({ inputs }) => inputs))] };
}
