import type { Latency } from './dialogue.ts';
import { element } from './element.ts';
import { type LatencyStage, latencyStages } from './latency.ts';

/** The line under an answer: how long its first sound took, and the waterfall of it on demand. */
export function latencyView(latency: Latency): HTMLElement {
  const stages = latencyStages(latency);
  const summary = element(
    'summary',
    '',
    strip(stages),
    element('span', '', 'first sound after ', element('b', '', `${stages.at(-1)?.atMs ?? 0} ms`)),
  );
  const rows = stages.map((stage, i) =>
    element(
      'tr',
      '',
      element('th', '', stage.label),
      element('td', '', strip([stage], i)),
      element('td', '', `${stage.atMs} ms`),
    ),
  );
  for (const row of rows) row.firstElementChild?.setAttribute('scope', 'row');
  const view = element(
    'details',
    'latency',
    summary,
    element('table', 'waterfall', element('tbody', '', ...rows)),
    element(
      'p',
      '',
      'Counted from the moment you stopped speaking. The agent begins to think before it is sure that you have finished, so a stage may come before the one above it.',
    ),
  );
  view.dataset.key = 'latency';
  return view;
}

/** Bars of stages in one strip. @param first which colour the first one has */
function strip(stages: readonly LatencyStage[], first = 0): HTMLElement {
  const view = element('span', 'bar');
  view.setAttribute('aria-hidden', 'true');
  for (const [i, { from, share }] of stages.entries()) {
    const part = element('i', `stage-${first + i}`);
    part.style.left = `${from * 100}%`;
    part.style.width = `${share * 100}%`;
    view.append(part);
  }
  return view;
}
