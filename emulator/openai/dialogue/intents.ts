import { findOrderNumbers } from './number-words.ts';
import { findDay } from './spoken-days.ts';

/** What a caller may want to know or have done about an order; each needs its number. */
export type OrderIntent = 'status' | 'arrival' | 'items' | 'cancel' | 'change-day';

export type SmallTalk =
  | 'hours'
  | 'identity'
  | 'human'
  | 'repeat'
  | 'help'
  | 'goodbye'
  | 'thanks'
  | 'how-are-you'
  | 'greeting'
  | 'wait'
  | 'no'
  | 'yes';

/** What the caller's words were taken for. */
export interface Understanding {
  readonly intent: OrderIntent | SmallTalk | undefined;
  readonly numbers: readonly string[];
  readonly day: string | undefined;
  /** The caller speaks of an order other than the one that was spoken of. */
  readonly otherOrder: boolean;
}

interface Rule {
  readonly intent: OrderIntent | SmallTalk;
  readonly patterns: readonly RegExp[];
  readonly unless?: RegExp;
  /** The rule holds only where the caller names a day. */
  readonly withDay?: boolean;
}

const ASKS_ABOUT_FACTS =
  /^((and|so|but|ok|okay|well|please) )*(when|whens|what|which|where|is|are|will|does|has|did)\b/;

/**
 * The first rule that matches decides. Sentences come from speech recognition: lower-cased here, without punctuation and
 * apostrophes, often with a word misheard ("when are you hoping"), so rules look for single telling words.
 */
const FIRM_RULES: readonly Rule[] = [
  { intent: 'goodbye', patterns: [/\b(good ?(bye|by|buy|byte)|bye|hang up)\b/, /\bsee you (later|soon|then)\b/] },
  {
    intent: 'repeat',
    patterns: [
      /\b(repeat|say (that|it|this) again|pardon|come again|once more|one more time)\b/,
      /\bwhat (did|do) you (just )?(say|said)\b|\bwhat was that\b/,
      /\b(did|could)( not|nt) (\w+ )?(hear|catch|get|understand)\b/,
      /^(sorry|what|huh|excuse me)$/,
    ],
  },
  {
    intent: 'identity',
    patterns: [
      /\b((who|what) are you|your name|language model)\b/,
      /\bare you (really )?(an? )?(real|robot|bot|human|machine|computer|person|ai|scripted)\b/,
    ],
  },
  {
    intent: 'human',
    patterns: [
      /\b(human|representative|operator|supervisor|real person|live agent|customer service)\b/,
      /\b(talk|speak|connect|transfer|put)\b.*\b(person|someone|somebody|agent|manager|colleague|staff|people)\b/,
    ],
  },
  {
    intent: 'hours',
    patterns: [
      /\b(opening|business|office|working|store|shop|your) (hours|times)\b|\bwhat (are|is) (the )?hours\b/,
      /\b(are|is|do|does|will|when|what time|how late|how long)\b.*\b(you|store|shop|desk|office|they|guys)\b.*\b(opens?|closed?|closes|hoping)\b/,
    ],
  },
  {
    intent: 'cancel',
    patterns: [
      /\b(cancel\w*|refund\w*|money back|return (it|this|my|the|order)|send (it|them) back)\b/,
      /\b(dont|do not) (want|need) (it|this|the order|my order|order)\b/,
    ],
  },
  {
    intent: 'change-day',
    patterns: [
      /\b(change|changing|move|shift|switch|reschedul\w*|postpone|rearrange|push (it )?back)\b/,
      /\b(another|different|other) (day|date)\b/,
    ],
  },
  { intent: 'change-day', patterns: [/\b(instead|in stead|delay|later|earlier|sooner)\b/], unless: ASKS_ABOUT_FACTS },
  {
    intent: 'change-day',
    patterns: [
      /\b(can|could|would|want|like|make|prefer|rather|need|put|please)\b.*\b(it|order|deliver\w*|send|bring|come|arrive|package|parcel)\b/,
    ],
    withDay: true,
    unless: ASKS_ABOUT_FACTS,
  },
  {
    intent: 'items',
    patterns: [/\bwhat(s| is| was)? in\b/, /\b(what did i (order|buy|get)|(what|which) items?|contents?)\b/],
  },
  {
    intent: 'arrival',
    patterns: [
      /\b(whens?|(what|which) (day|date|time)|how (long|soon))\b.*\b(arriv\w*|com(e|es|ing)|deliver\w*|get|here|receive|expect|order|it|package|parcel)\b/,
      /\b(delivery (date|day|time)|time slot|slot|time window)\b/,
    ],
  },
  { intent: 'arrival', patterns: [/\b(arriv\w*|com(e|es|ing)|deliver\w*|on time)\b/], withDay: true },
  {
    intent: 'status',
    patterns: [
      /\b(status|states of|track\w*|progress|check|look (up|into)|shipped|happen\w*|going on|how far|late|delayed)\b/,
      /\b(wheres|where( is|s| are)? (my|the|it|this|that|order))\b/,
      /\bmy (order|package|parcel|delivery)\b|\b(about|with|for|have) (an|the|this|that) order\b/,
    ],
  },
];

/** These give way to an order number or a day in the same sentence: "Yes, Friday", "Hello, order 1042". */
const SOFT_RULES: readonly Rule[] = [
  { intent: 'help', patterns: [/\b(what (else )?can (you|i)|what do you do|help|options|how does (this|it) work)\b/] },
  {
    intent: 'goodbye',
    patterns: [
      /\b(thats|that is|thatll be|that will be) (all|it|everything)\b/,
      /\b(nothing else|no thanks?|no thank you|(im|i am) done)\b/,
      /\bhave a (nice|good|great|lovely) (day|one|evening|weekend)\b/,
    ],
  },
  {
    intent: 'wait',
    patterns: [/^(\w+ )?(wait|stop|hold on|hang on|one (moment|second)|just a (moment|second|minute))\b/],
  },
  { intent: 'how-are-you', patterns: [/\bhow (are you|is it going|are things)\b/] },
  {
    intent: 'thanks',
    patterns: [/\b(thanks?|thank you|very much|cheers|appreciate|great|perfect|wonderful|excellent)\b/],
  },
  { intent: 'greeting', patterns: [/\b(hello|hi|hey|good (morning|afternoon|evening|day))\b/] },
  { intent: 'no', patterns: [/^(no|nope|not really|never mind)\b/] },
  { intent: 'yes', patterns: [/^(yes|yeah|yep|sure|ok|okay|right|please|all right|alright)\b/] },
];

export function understand(text: string): Understanding {
  const plain = text
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();
  const numbers = findOrderNumbers(text);
  const day = findDay(plain);
  const fits = ({ patterns, unless, withDay }: Rule) =>
    patterns.some((pattern) => pattern.test(plain)) && !unless?.test(plain) && (!withDay || day !== undefined);
  const hasSlot = numbers.length > 0 || day !== undefined;
  const rule = FIRM_RULES.find(fits) ?? (hasSlot ? undefined : SOFT_RULES.find(fits));
  return { intent: rule?.intent, numbers, day, otherOrder: /\b(other|another|different|second) order\b/.test(plain) };
}

const ORDER_INTENTS: ReadonlySet<string> = new Set<OrderIntent>(['status', 'arrival', 'items', 'cancel', 'change-day']);

export const isOrderIntent = (intent: Understanding['intent']): intent is OrderIntent =>
  ORDER_INTENTS.has(intent ?? '');
