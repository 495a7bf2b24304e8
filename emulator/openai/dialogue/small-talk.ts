/** Said where no tool is wanted: "Hello, where is order 1042?" wants one. */
const SMALL_TALK: readonly (readonly [pattern: RegExp, text: string])[] = [
  [
    /^(\w+,? )?(wait|stop|hold on|hang on|one (moment|second)|just a \w+)\b/,
    'Of course, take your time. I am listening.',
  ],
  [/\bhow (are you|is it going)\b/, 'I am fine, thank you for asking. What can I do for you today?'],
  [/\b(have an? \w+|happy) \w*day\b/, 'Thank you, the same to you. Is there anything else I can do for you?'],
  [/\b(thank(s| you)?|very much|great|perfect)\b/, 'You are welcome. Is there anything else I can do for you?'],
  [
    /\b(hello|hi|hey|good (morning|afternoon|evening|day))\b/,
    'Hello! It is nice to hear from you. What can I do for you?',
  ],
  [/^(no|nope|not really|never mind)\b/, 'All right. I am here if you need anything else.'],
  [/^(yes|yeah|yep|sure|ok|okay|right|please)\b/, 'Good. What would you like to know?'],
];

/** What is polite and asks for nothing, with the day that may be in it. "How are you delivering it?" asks. */
const PLEASANTRY =
  /\b(?:(?:how are you|how is it going)(?: doing| feeling)?(?: (?:today|this \w+))?(?! \w+ing\b)|(?:have an? \w+|happy) \w*day(?: today)?)\b/gi;

/** The answer to words that want no tool. */
export const smallTalk = (plain: string): string | undefined =>
  SMALL_TALK.find(([pattern]) => pattern.test(plain))?.[1];

/** What the caller wants of the agent, if anything. */
export const withoutPleasantries = (said: string): string => said.replaceAll(PLEASANTRY, ' ').trim();
