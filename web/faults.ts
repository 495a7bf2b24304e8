import { describeFault, parseFaults } from '../shared/protocol/faults.ts';

/** What one may want to hear first. */
export const EXAMPLES: readonly (readonly [title: string, faults: string])[] = [
  ['Nothing fails', ''],
  ['The model is slow', 'model=slow:7s'],
  ['The model is away after 10 s', 'model=down@10s'],
  ['The model is throttled', 'model=throttled:20s'],
  ['The voice is away after 10 s', 'voice=down@10s'],
  ['Nothing is recognised from 10 s to 30 s', 'recogniser=silent@10s-30s'],
  ['Redis is away from 10 s to 30 s', 'redis=down@10s-30s'],
  ['The stream host is lost for a moment', 'stream-host=down@10s-11s'],
];

/** What the hint says under what was typed, before a call or in one, and whether it can be sent. */
export function readFaults(text: string, inCall = false): { readonly hint: string; readonly isGood: boolean } {
  if (text.trim() === '') return { hint: '', isGood: true };
  const read = parseFaults(text);
  if ('problem' in read) return { hint: read.problem, isGood: false };
  const told = read.faults.map(({ text: fault, fromMs, untilMs }) => {
    const until = untilMs === undefined ? '' : ` to ${untilMs / 1000} s`;
    if (fromMs !== undefined) return `${describeFault(fault, 'on')}, from ${fromMs / 1000} s${until}`;
    return `${describeFault(fault, 'on')}${until && `, from the ringing${until} after it`}`;
  });
  return { hint: `${inCall ? 'In this call' : 'In the next call'}: ${told.join('; ')}.`, isGood: true };
}

/** What the page says in a call of a fault that begins or ends. */
export const faultNote = (fault: string, state: 'on' | 'off'): string =>
  `${state === 'on' ? 'Fault' : 'Fault over'}: ${describeFault(fault, state)}.`;
