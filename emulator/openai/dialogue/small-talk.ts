import type { SmallTalk } from './intents.ts';

type Spoken = Exclude<SmallTalk, 'hours' | 'repeat' | 'help'>;

const REPLIES: Readonly<Record<Spoken, string>> = {
  identity: 'I am a scripted demo, not a language model. I follow a few fixed rules, but I look up real orders.',
  human:
    'I am sorry, I cannot put you through from this demo. Our staff can help you during opening hours. Shall I tell you when that is?',
  goodbye: 'Thank you for calling. Goodbye, and have a nice day!',
  thanks: 'You are welcome. Is there anything else I can do for you?',
  'how-are-you': 'I am fine, thank you for asking. What can I do for you today?',
  greeting: 'Hello! It is nice to hear from you. What can I do for you?',
  wait: 'Of course, take your time. I am listening.',
  no: 'All right. I am here if you need anything else.',
  yes: 'Good. What would you like to know? You can name an order by its number.',
};

export function phraseSmallTalk(intent: SmallTalk, tools: ReadonlySet<string>): string {
  if (intent === 'hours' || intent === 'repeat' || intent === 'help') return phraseHelp(tools);
  return REPLIES[intent];
}

export function phraseHelp(tools: ReadonlySet<string>): string {
  return `${abilities(tools)} For example, ask me: where is order ten forty-two?`;
}

/** @param again the words before were not understood either */
export function phraseFallback(tools: ReadonlySet<string>, again: boolean): string {
  return again
    ? 'I am sorry, I still do not understand. Try a short sentence, such as: where is order ten forty-two?'
    : `I am sorry, I did not get that. ${abilities(tools)} What would you like?`;
}

const ABILITIES: Readonly<Record<string, string>> = {
  look_up_order: 'tell you how far an order has come',
  change_delivery_day: 'move its delivery to another day',
  opening_hours: 'tell you our opening hours',
};

function abilities(tools: ReadonlySet<string>): string {
  const known = Object.entries(ABILITIES).flatMap(([tool, ability]) => (tools.has(tool) ? [ability] : []));
  const last = known.pop();
  if (last === undefined) return 'I am only a scripted demo, and this agent has no tool that I know.';
  return known.length === 0 ? `I can ${last}.` : `I can ${known.join(', ')} and ${last}.`;
}
