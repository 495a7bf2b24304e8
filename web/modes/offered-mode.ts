/** A streaming mode as the server offers it at `GET /api/v1/modes`. */
export interface PageMode {
  readonly name: string;
  readonly title: string;
  /** Where nobody asks for another, and the agent has none of its own. */
  readonly default: boolean;
  /** Somebody answers in it, to whom one may type and whom one may silence. */
  readonly answers: boolean;
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
    // A server that says nothing of it answers.
    const answers = !('answers' in mode && mode.answers === false);
    return [{ name: mode.name, title, default: 'default' in mode && mode.default === true, answers, audioRate }];
  });
}

/** The rate at which to ask for the voice of a talk: the chosen mode's, or the usual one's. */
export function rateOf(modes: readonly PageMode[], chosen: string | undefined): number {
  return Math.max(USUAL_RATE, find(modes, chosen)?.audioRate ?? USUAL_RATE);
}

/** Whether somebody answers in the chosen mode, or in the usual one. */
export const answersIn = (modes: readonly PageMode[], chosen: string | undefined): boolean =>
  find(modes, chosen)?.answers ?? true;

const find = (modes: readonly PageMode[], chosen: string | undefined): PageMode | undefined =>
  modes.find((mode) => (chosen === undefined ? mode.default : mode.name === chosen));

/** The mode for a person, or nothing where there is only one and it goes without saying. */
export function titleOf(modes: readonly PageMode[], name: string): string | undefined {
  return modes.length < 2 ? undefined : (modes.find((mode) => mode.name === name)?.title ?? name);
}
