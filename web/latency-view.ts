import type { Latency } from './dialogue.ts';
import { element } from './element.ts';
import { latencyStages } from './latency.ts';

/** The line under an answer: a small bar, and when each stage was reached after the caller's last sound. */
export function latencyView(latency: Latency): HTMLElement {
  const stages = latencyStages(latency);
  const bar = element('span', 'latency-bar');
  bar.setAttribute('aria-hidden', 'true');
  for (const { share } of stages) {
    const part = element('i', '');
    part.style.width = `${share * 100}%`;
    bar.append(part);
  }
  const figures = stages.map(({ label, atMs }) => element('span', '', `${label} `, element('b', '', `${atMs} ms`)));
  const view = element('p', 'latency', bar, ...figures);
  view.title = 'Time since the end of your speech';
  return view;
}
