import { AUDIO_RATES, type AudioRate, SAMPLE_RATE } from '../audio/pcm.ts';
import type { ModeWishes } from './mode-table.ts';
import { type StreamingMode, streamingMode } from './streaming-modes.ts';

/** A mode that a stream host has, and the rate of the audio that it hears and speaks there. */
export interface OfferedMode {
  readonly name: string;
  readonly rateHz: AudioRate;
}

/** What a stream host says of its modes. A release that says nothing of them may have any. */
export interface ModeOffer {
  readonly modes?: readonly OfferedMode[];
  /** By agent, of those that have a mode of their own. */
  readonly agentModes?: Readonly<Record<string, string>>;
}

/** How a call is to be opened. */
export interface CallMode {
  readonly mode: StreamingMode;
  readonly rateHz: AudioRate;
}

/**
 * The mode of a new call: the deployment's, over that its agent's, over that the one asked for; and the rate at which
 * stream hosts have it.
 */
export function modeOfCall(
  {
    asked,
    agent,
    usual,
  }: { readonly asked?: string | undefined; readonly agent: string; readonly usual: StreamingMode },
  offers: readonly ModeOffer[],
): CallMode {
  const agents = offers.flatMap(({ agentModes = {} }) =>
    Object.hasOwn(agentModes, agent) ? [agentModes[agent]] : [],
  )[0];
  const mode = strongest({ asked, agents }) ?? usual;
  const offered = offers.flatMap(({ modes = [] }) => modes).find(({ name }) => name === mode);
  return { mode, rateHz: offered?.rateHz ?? SAMPLE_RATE };
}

/** Of all modes that the hosts say they have. */
export const namesOf = (offers: readonly ModeOffer[]): string[] => [
  ...new Set(offers.flatMap(({ modes = [] }) => modes.map(({ name }) => name))),
];

/** A name that this release does not know is none: a newer host may have told it. */
function strongest({ asked, agents }: ModeWishes): StreamingMode | undefined {
  return [asked, agents].map((name) => streamingMode.safeParse(name).data).find((mode) => mode !== undefined);
}

/** As hosts write it into Redis: `,media:16000,voice_live:24000,` */
export const encodeModes = (modes: readonly OfferedMode[]): string =>
  `,${modes.map(({ name, rateHz }) => `${encodeURIComponent(name)}:${rateHz},`).join('')}`;

export const decodeModes = (text: string): OfferedMode[] =>
  pairsOf(text).flatMap(([name, rate]) => {
    const rateHz = AUDIO_RATES.find((known) => known === Number(rate));
    return rateHz === undefined ? [] : [{ name, rateHz }];
  });

/** `,orders:voice_live,` */
export const encodeAgentModes = (agentModes: Readonly<Record<string, string>>): string =>
  `,${Object.entries(agentModes)
    .map(([agent, mode]) => `${encodeURIComponent(agent)}:${encodeURIComponent(mode)},`)
    .join('')}`;

export const decodeAgentModes = (text: string): Record<string, string> => Object.fromEntries(pairsOf(text));

const pairsOf = (text: string): [string, string][] =>
  text.split(',').flatMap((pair): [string, string][] => {
    const [name, value] = pair.split(':').map(decodeName);
    return name && value ? [[name, value]] : [];
  });

/** A name as it stands among others; undefined where it is not encoded as one, which must not cost the others. */
export function decodeName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
