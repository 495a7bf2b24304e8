/** A streaming mode as the server offers it at `GET /api/v1/modes`. */
export interface PageMode {
  readonly name: string;
  readonly title: string;
  /** Where nobody asks for another, and the agent has none of its own. */
  readonly default: boolean;
}

/** What an answer of that route says. Whatever is not as it should be is left out. */
export function modesIn(answer: unknown): PageMode[] {
  const modes: unknown = typeof answer === 'object' && answer !== null && 'modes' in answer ? answer.modes : [];
  if (!Array.isArray(modes)) return [];
  return modes.flatMap((mode: unknown): PageMode[] => {
    if (typeof mode !== 'object' || mode === null || !('name' in mode) || typeof mode.name !== 'string') return [];
    const title = 'title' in mode && typeof mode.title === 'string' ? mode.title : mode.name;
    return [{ name: mode.name, title, default: 'default' in mode && mode.default === true }];
  });
}

/** The mode for a person, or nothing where there is only one and it goes without saying. */
export function titleOf(modes: readonly PageMode[], name: string): string | undefined {
  return modes.length < 2 ? undefined : (modes.find((mode) => mode.name === name)?.title ?? name);
}
