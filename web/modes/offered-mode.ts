/** A streaming mode as the server offers it at `GET /api/v1/modes`. */
export interface PageMode {
  readonly name: string;
  readonly title: string;
  /** Where nobody asks for another, and the agent has none of its own. */
  readonly default: boolean;
  /** The rate of its voice, Hz: of what the server sends, the one that nothing is lost at. */
  readonly audioRate: number;
}

/** What pages of all releases ask for. */
const USUAL_RATE = 16_000;

/** What an answer of that route says. Whatever is not as it should be is left out. */
export function modesIn(answer: unknown): PageMode[] {
  const modes: unknown = typeof answer === 'object' && answer !== null && 'modes' in answer ? answer.modes : [];
  if (!Array.isArray(modes)) return [];
  return modes.flatMap((mode: unknown): PageMode[] => {
    if (typeof mode !== 'object' || mode === null || !('name' in mode) || typeof mode.name !== 'string') return [];
    const title = 'title' in mode && typeof mode.title === 'string' ? mode.title : mode.name;
    const audioRate = 'audio_rate' in mode && typeof mode.audio_rate === 'number' ? mode.audio_rate : USUAL_RATE;
    return [{ name: mode.name, title, default: 'default' in mode && mode.default === true, audioRate }];
  });
}

/** The rate at which to ask for the voice of a talk: the chosen mode's, or the usual one's. */
export function rateOf(modes: readonly PageMode[], asked: string | undefined): number {
  const chosen = modes.find((mode) => (asked === undefined ? mode.default : mode.name === asked));
  return Math.max(USUAL_RATE, chosen?.audioRate ?? USUAL_RATE);
}

/** The mode for a person, or nothing where there is only one and it goes without saying. */
export function titleOf(modes: readonly PageMode[], name: string): string | undefined {
  return modes.length < 2 ? undefined : (modes.find((mode) => mode.name === name)?.title ?? name);
}
