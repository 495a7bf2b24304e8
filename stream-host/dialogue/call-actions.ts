import type { ToolItem } from '../../shared/sessions/history.ts';
import type { CallAction } from '../contract/agent.ts';
import type { CallNews } from '../contract/call-news.ts';
import type { SessionEmitter } from '../contract/events.ts';

/** Who hears a turn that speaks of such news: the human whom the caller is put through to, where it is said aside. */
export const earOf = (news: readonly CallNews[]): { readonly to?: 'human' } =>
  news.some(({ aside }) => aside) ? { to: 'human' } : {};

const RESULTS = {
  begun: { status: 'begun', note: 'You are told what comes of it. Do not ask for it again meanwhile.' },
  cancelled: {
    status: 'not_done',
    note: 'The caller said something before you were heard. Ask again if it is still wanted.',
  },
} as const;

/** What the history says of what the agent wanted to do with the call, before anything has come of it. */
export const actionItems = (actions: readonly CallAction[], state: keyof typeof RESULTS): ToolItem[] =>
  actions.map(({ call }) => ({ role: 'tool', call, result: RESULTS[state] }));

interface Turn {
  readonly number: number;
  readonly actions: readonly CallAction[];
}

/**
 * Tells what becomes of what a turn of the agent wanted to do with the call, as of any other of its tools; what has come of
 * it in the end is news of its own.
 */
export function tellActions(
  { number, actions }: Turn,
  state: keyof typeof RESULTS,
  events: SessionEmitter,
  append: (item: ToolItem) => void,
): void {
  for (const item of actionItems(actions, state)) {
    append(item);
    const { call, result } = item;
    events.emit('toolStarted', { call, turn: number });
    events.emit('toolEnded', { call, elapsedMs: 0, result, turn: number });
  }
}
