import { INTERRUPTED, pressedText } from '../../shared/sessions/history.ts';
import type { SessionFacts } from '../contract/agent.ts';
import type { RealtimeBrief } from '../contract/realtime.ts';
import type { Agent } from './agent-definition.ts';
import { spokenDate, toolsOf } from './model-messages.ts';
import { describeFacts } from './session-facts.ts';

const NOTES = `About this conversation:
You speak and listen yourself, on a line that may be poor: ask when what you heard makes no sense.
An earlier answer of yours that ends in "${INTERRUPTED}" was cut off there: the caller heard nothing after it. Never say that mark yourself.
"${pressedText('12#')}" means that the caller pressed these keys of the telephone; it is as good as having said them.`;

/** The agent as a speech-to-speech model is told of it: what MEDIA's model is told, but for what is about text. */
export function realtimeBrief(agent: Agent, facts: SessionFacts, now: Date): RealtimeBrief {
  const told = describeFacts(facts);
  const parts = [agent.prompt, NOTES, ...(told === '' ? [] : [told]), `It is ${spokenDate(now, agent)}.`];
  return {
    instructions: parts.join('\n\n'),
    locale: agent.locale,
    voice: agent.voice,
    tools: toolsOf(agent).map(({ function: { name, description, parameters } }) => ({
      name,
      description: description ?? '',
      parameters: parameters ?? { type: 'object', properties: {} },
    })),
    settings: agent.realtime,
  };
}
