import type { BrowserMessage } from '../shared/protocol/browser.ts';

type Spent = Extract<BrowserMessage, { type: 'call_spent' }>;

/** What a session has used and cost, in a line. What is not known is said to be so. */
export function spentText({ totals, cost }: Spent): string {
  const sumOf = (...units: string[]) =>
    totals.reduce((sum, { used }) => sum + units.reduce((all, unit) => all + (used[unit] ?? 0), 0), 0);
  const of = (service: string, unit: string) =>
    totals.reduce((sum, each) => sum + (each.service === service ? (each.used[unit] ?? 0) : 0), 0);
  const tokensIn = sumOf('input_tokens', 'cached_input_tokens', 'input_audio_tokens', 'cached_input_audio_tokens');
  const tokensOut = sumOf('output_tokens', 'output_audio_tokens');
  const heard = Math.round(of('speech-recognition', 'audio_seconds'));
  const spoken = sumOf('characters');
  const parts = [
    tokensIn + tokensOut > 0 && `${count(tokensIn)} tokens in, ${count(tokensOut)} out`,
    heard > 0 && `${count(heard)} s listened to`,
    spoken > 0 && `${count(spoken)} characters spoken`,
    totals.some(({ unknown }) => unknown !== undefined) && 'some of it not counted by the service',
    costText(cost),
  ];
  return `Used: ${parts.filter((part) => part !== false).join('; ')}`;
}

function costText(cost: Spent['cost']): string {
  if (cost === null) return 'no prices set up';
  if (cost.total !== null) return `${money(cost.total)} ${cost.currency}`;
  return `at least ${money(cost.at_least)} ${cost.currency}, the rest unknown`;
}

const count = (amount: number): string => amount.toLocaleString('en-US');
const money = (amount: number): string => (amount >= 0.01 || amount === 0 ? amount.toFixed(2) : amount.toFixed(6));
