import type { ToolItem } from '../../shared/sessions/history.ts';
import type { CallAction } from '../contract/agent.ts';

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
