import { ParleyClient } from './client.ts';

const ANSWER_MS = 2_000;

/** What a half that is not ready says of itself, for people: its status, what keeps it from its work, and who refuses it. */
export async function whyNotReady(baseUrl: string): Promise<string> {
  const { api } = new ParleyClient({ baseUrl, timeoutMs: ANSWER_MS });
  const { data } = await api.GET('/api/v1/health/dependencies').catch(() => ({ data: undefined }));
  if (data === undefined) return 'it does not tell why';
  const refused = data.dependencies.filter(({ state }) => state === 'refused');
  return [data.status, ...data.problems, ...refused.map(({ name, advice = '' }) => `${name}: ${advice}`)].join(' | ');
}
