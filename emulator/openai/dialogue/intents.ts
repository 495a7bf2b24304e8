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
  readonly pattern: RegExp;
  readonly unless?: RegExp;
  /** The rule holds only where the caller names a day. */
  readonly withDay?: boolean;
}

const ASKS_ABOUT_FACTS =
  /^((and|so|but|ok|okay|well|please) )*(when|whens|what|which|where|is|are|will|does|has|did)\b/;

/**
 * The first rule that matches decides. Sentences come from speech recognition: lower-cased here, without punctuation and
 * apostrophes, often with a word misheard, so rules look for single telling words.
 */
const FIRM_RULES: readonly Rule[] = [
  { intent: 'goodbye', pattern: /\b(good ?bye|bye|hang up|see you (later|soon|then))\b/ },
  {
    intent: 'repeat',
    pattern:
      /\b(repeat|say (that|it|this) again|(what|once) (did|do|was it) you (just )?(say|said)|what was that|pardon|come again|once more|one more time|(didnt|did not|couldnt|could not) (\w+ )?(hear|catch|get|understand))\b|^(sorry|what|huh|excuse me)$/,
  },
  {
    intent: 'identity',
    pattern:
      /\b((who|what) are you|your name|are you (really )?(a |an )?(real|robot|bot|human|machine|computer|person|ai|scripted)|language model)\b/,
  },
  {
    intent: 'human',
    pattern:
      /\b(human|representative|operator|supervisor|real person|live agent|customer service)\b|\b(talk|speak|connect|transfer|put)\b.*\b(person|someone|somebody|agent|manager|colleague|staff|people)\b/,
  },
  {
    intent: 'hours',
    pattern:
      /\b(opening|business|office|working|store|shop|your) (hours|times)\b|\bwhat (are|is) (the )?hours\b|\b(are|is|do|does|will|when|what time|how late|how long)\b.*\b(you|store|shop|desk|office|they|guys)\b.*\b(open|opens|close|closes|closed)\b/,
  },
  {
    intent: 'cancel',
    pattern:
      /\b(cancel\w*|refund\w*|money back|return (it|this|my|the|order)|send (it|them) back|(dont|do not) (want|need) (it|this|the order|my order|order)\b.*)/,
  },
  {
    intent: 'change-day',
    pattern:
      /\b(change|changing|move|shift|switch|reschedul\w*|postpone|rearrange|push (it )?back|(another|different|other) (day|date))\b/,
  },
  { intent: 'change-day', pattern: /\b(instead|in stead|delay|later|earlier|sooner)\b/, unless: ASKS_ABOUT_FACTS },
  {
    intent: 'change-day',
    pattern:
      /\b(can|could|would|want|like|make|prefer|rather|need|put|please)\b.*\b(it|order|deliver\w*|delivery|send|bring|come|arrive|package|parcel)\b/,
    withDay: true,
    unless: ASKS_ABOUT_FACTS,
  },
  { intent: 'items', pattern: /\b(what(s| is| was)? in|what did i (order|buy|get)|(what|which) items?|contents?)\b/ },
  {
    intent: 'arrival',
    pattern:
      /\b(when|whens|what day|which day|what date|what time|how long|how soon)\b.*\b(arriv\w*|com(e|es|ing)|deliver\w*|get|here|receive|expect|order|it|package|parcel)\b|\b(delivery (date|day|time)|time slot|slot|time window)\b/,
  },
  { intent: 'arrival', pattern: /\b(arriv\w*|com(e|es|ing)|deliver\w*|on time)\b/, withDay: true },
  {
    intent: 'status',
    pattern:
      /\b(status|states of|where( is|s| are)? (my|the|it|this|that|order)|wheres|track\w*|progress|check|look up|look into|shipped|happen\w*|going on|how far|late|delayed|my (order|package|parcel|delivery)|(about|with|for|have) (an|the|this|that) order)\b/,
  },
];

/** These give way to an order number or a day in the same sentence: "Yes, Friday", "Hello, order 1042". */
const SOFT_RULES: readonly Rule[] = [
  { intent: 'help', pattern: /\b(what (else )?can (you|i)|what do you do|help|options|how does (this|it) work)\b/ },
  {
    intent: 'goodbye',
    pattern:
      /\b((thats|that is|thatll be|that will be) (all|it|everything)|nothing else|no thanks?|no thank you|(im|i am) done|have a (nice|good|great|lovely) (day|one|evening|weekend))\b/,
  },
  {
    intent: 'wait',
    pattern: /^(\w+ )?(wait|stop|hold on|hang on|one (moment|second)|just a (moment|second|minute))\b/,
  },
  { intent: 'how-are-you', pattern: /\bhow (are you|is it going|are things)\b/ },
  { intent: 'thanks', pattern: /\b(thanks?|thank you|cheers|appreciate|great|perfect|wonderful|excellent)\b/ },
  { intent: 'greeting', pattern: /\b(hello|hi|hey|good (morning|afternoon|evening|day))\b/ },
  { intent: 'no', pattern: /^(no|nope|not really|never mind)\b/ },
  { intent: 'yes', pattern: /^(yes|yeah|yep|sure|ok|okay|right|please|all right|alright)\b/ },
];

export function understand(text: string): Understanding {
  const plain = text
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();
  const numbers = findOrderNumbers(text);
  const day = findDay(plain);
  const match = (rules: readonly Rule[]) =>
    rules.find((rule) => rule.pattern.test(plain) && !rule.unless?.test(plain) && (!rule.withDay || day !== undefined));
  const hasSlot = numbers.length > 0 || day !== undefined;
  const rule = match(FIRM_RULES) ?? (hasSlot ? undefined : match(SOFT_RULES));
  return { intent: rule?.intent, numbers, day, otherOrder: /\b(other|another|different|second) order\b/.test(plain) };
}

const ORDER_INTENTS: ReadonlySet<string> = new Set<OrderIntent>(['status', 'arrival', 'items', 'cancel', 'change-day']);

export const isOrderIntent = (intent: Understanding['intent']): intent is OrderIntent =>
  ORDER_INTENTS.has(intent ?? '');
