import {
  type AgentLine,
  agentName,
  type CallerLine,
  type Line,
  speakerName,
  splitAtHeard,
  type ToolUse,
} from './dialogue.ts';
import { element } from './element.ts';
import { latencyView } from './latency-view.ts';
import { timeOf } from './transcript.ts';

/** One line of a dialogue, drawn anew. */
export function lineView(line: Line): HTMLElement {
  switch (line.kind) {
    case 'caller':
      return callerView(line);
    case 'agent':
      return agentView(line);
    case 'note':
      return element('li', 'note', line.text);
  }
}

function callerView(line: CallerLine): HTMLElement {
  const open = line.turn === undefined && !line.broken;
  const words = element('p', 'words', open && !/[.…!?]$/.test(line.text) ? `${line.text}…` : line.text);
  if (line.broken) words.append(...mark(line.broken));
  const view = element(
    'li',
    open ? 'line caller open' : 'line caller',
    speaker(speakerName(line.speaker), line),
    words,
  );
  // Words that still change would be read out again and again.
  if (open) view.setAttribute('aria-hidden', 'true');
  return view;
}

function agentView(line: AgentLine): HTMLElement {
  const said = element('div', 'said');
  if (line.tools.length > 0) said.append(element('div', 'tools', ...line.tools.map(toolView)));
  if (line.text !== '') said.append(element('p', 'words', ...spokenWords(line)));
  if (line.latency) said.append(latencyView(line.latency));
  const view = element('li', 'line agent', speaker(agentName(line), line), said);
  if (!line.spoken && !line.broken) view.setAttribute('aria-busy', 'true');
  return view;
}

function speaker(name: string, { at }: Line): HTMLElement {
  const time = element('time', '', timeOf(at));
  time.dateTime = new Date(at).toISOString();
  return element('div', 'speaker', element('span', '', name), ' ', time);
}

function spokenWords({ text, heard, spoken, broken }: AgentLine): (Node | string)[] {
  if (broken && !spoken) return [text.trimEnd(), ...mark(broken)];
  if (!spoken && heard !== undefined) {
    const split = splitAtHeard(text, heard);
    return [split.heard, element('span', 'ahead', split.unheard)];
  }
  if (!spoken?.cutOff || spoken.unheard === '') return broken ? [text.trimEnd(), ...mark(broken)] : [text];
  const unheard = element('s', '', element('span', 'sr-only', 'Not heard: '), spoken.unheard.trimEnd());
  return [spoken.heard, unheard, ...mark(broken ?? 'cut off')];
}

/** Set apart from the words, on the page and when it is read out, and never alone on a line. */
const mark = (text: string): (Node | string)[] => ['\u00a0', element('span', 'cut-off', text)];

function toolView({ callId, name, state, elapsedMs, args, result }: ToolUse): HTMLElement {
  const words = name.replaceAll('_', ' ');
  const after = elapsedMs === undefined ? '' : ` · ${Math.round(elapsedMs)} ms`;
  const view = element(
    'details',
    `tool ${state}`,
    element('summary', '', `${words}${state === 'failed' ? ' failed' : ''}${after}`),
    element('p', '', 'Arguments'),
    json(args),
    element('p', '', state === 'failed' ? 'Error' : 'Result'),
    state === 'running' ? element('p', '', 'It is still at work.') : json(result),
  );
  view.dataset.key = callId;
  return view;
}

function json(value: unknown): HTMLElement {
  const view = element('pre', '', JSON.stringify(value, null, 2) ?? 'nothing');
  view.tabIndex = 0;
  return view;
}
