import type { ToolItem } from '../../shared/sessions/history.ts';

/** What has happened in the call, as the result of a tool, which is how a model takes it in. */
export const newsItem = (callId: string, name: string, result: unknown, args = {}): ToolItem => ({
  role: 'tool',
  call: { callId, name, args },
  result,
  by: 'service',
});
