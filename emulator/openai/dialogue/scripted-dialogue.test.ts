import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChatAnswer, type ChatMessage, chatRequestSchema } from '../chat-wire.ts';
import { ScriptedDialogue } from './scripted-dialogue.ts';

const TOOLS = ['look_up_order', 'change_delivery_day', 'opening_hours', 'end_call'];

const ORDER = {
  number: '1042',
  item: 'a pair of walking boots',
  status: 'packed',
  deliveryDay: '2025-11-25',
  weekday: 'Tuesday',
  slot: 'between nine and noon',
};
const HOURS = {
  openNow: true,
  hours: [{ from: 'Monday', to: 'Friday', opens: '08:00', closes: '20:00' }],
  closedOn: ['Sunday'],
};

/** A call from the model's side: says things, answers its tool calls, keeps the messages. */
class Conversation {
  readonly messages: unknown[] = [
    { role: 'system', content: 'You are the order desk.' },
    { role: 'assistant', content: 'Hello, you have reached the order desk. How can I help you?' },
  ];
  readonly #dialogue = new ScriptedDialogue();
  readonly #tools: readonly string[];

  constructor(tools: readonly string[] = TOOLS) {
    this.#tools = tools;
  }

  say(text: string): ChatAnswer {
    this.messages.push({ role: 'user', content: text });
    return this.next();
  }

  /** Says something that must lead to one call, answers that, and returns the words that follow. */
  ask(text: string, result: unknown): string {
    const answer = this.say(text);
    assert.equal(answer.calls.length, 1, `one call, not "${answer.text}"`);
    return this.give(result).text;
  }

  /** Gives each call of the last answer the same result. */
  give(result: unknown): ChatAnswer {
    const last = this.messages.at(-1) as ChatMessage;
    assert.equal(last.role, 'assistant');
    for (const { id } of last.role === 'assistant' ? (last.tool_calls ?? []) : []) {
      this.messages.push({ role: 'tool', tool_call_id: id, content: JSON.stringify(result) });
    }
    return this.next();
  }

  next(): ChatAnswer {
    const tools = this.#tools.map((name) => ({ type: 'function', function: { name } }));
    const answer = this.#dialogue.answer(chatRequestSchema.parse({ messages: this.messages, tools }));
    this.messages.push({
      role: 'assistant',
      content: answer.text,
      tool_calls: answer.calls.map((call, index) => ({
        id: `call_${this.messages.length}_${index}`,
        type: 'function',
        function: { name: call.name, arguments: call.args },
      })),
    });
    return answer;
  }
}

/** The answer in short: its calls, or its words. */
function inShort({ text, calls }: ChatAnswer): string {
  return calls.length > 0 ? calls.map(({ name, args }) => `${name} ${args}`).join(', ') : text;
}

const look = (number: string) => `look_up_order {"order_number":"${number}"}`;
const move = (day: string, number = '1042') => `change_delivery_day {"order_number":"${number}","new_day":"${day}"}`;

const FIRST_WORDS: readonly [utterance: string, expected: string | RegExp][] = [
  ['What is the status of order 1042?', look('1042')],
  ['what is the states of order 10 42', look('1042')],
  ['What is the stay tuss of order ten forty-two?', look('1042')],
  ["Where's my order one zero four two", look('1042')],
  ['Hi, can you check on order number 1,042 please?', look('1042')],
  ['Order ten forty two.', look('1042')],
  ['1042', look('1042')],
  ['When will order 1042 arrive?', look('1042')],
  ['How long until you deliver order 1-0-4-2', look('1042')],
  ['Is order 1042 coming on Friday?', look('1042')],
  ['What did I order in 1042?', look('1042')],
  ["What's in order 1042?", look('1042')],
  ['I want to cancel order 1042', look('1042')],
  ['Can I get a refund for order ten forty two?', look('1042')],
  ['Where are orders 1042 and 1043?', `${look('1042')}, ${look('1043')}`],
  ['Please deliver order 1042 on Friday.', move('Friday')],
  ['Can you move order 1042 to Monday?', move('Monday')],
  ["I'd like to change the delivery of ten forty-two to fry day", move('Friday')],
  ['Reschedule order one oh four two from Tuesday to Saturday', move('Saturday')],
  ['Could order 1042 come tomorrow instead?', move('tomorrow')],
  ['Bring order 1042 on Wednesday, not on Thursday', move('Wednesday')],
  ['When are you open?', 'opening_hours {}'],
  ['What are your opening hours?', 'opening_hours {}'],
  ['Are you open on Sunday?', 'opening_hours {}'],
  ['What time does the store close?', 'opening_hours {}'],
  ['Where is my order?', /Which order is it\?/],
  ['I want to change the delivery day', /Which order is it\?/],
  ['What can you do?', /^I can tell you how far an order has come, .*opening hours/],
  ['Help!', /^I can /],
  ['Hello', /^Hello!/],
  ['Good morning, how are you?', /^I am fine/],
  ['Thank you very much', /^You are welcome/],
  ['Can I talk to a human, please?', /staff can help you during opening hours/],
  ['Let me speak to somebody', /staff can help you/],
  ['Are you a real person?', /scripted demo, not a language model/],
  ['What did you say?', /^Of course\. Hello, you have reached/],
  ['Could you repeat that?', /^Of course\. Hello, you have reached/],
  ['Hold on', /take your time/],
  ['Goodbye', 'end_call {"reason":"goodbye"}'],
  ['No, thank you, bye', 'end_call {"reason":"goodbye"}'],
  ["That's all, thanks", 'end_call {"reason":"goodbye"}'],
  ['No thanks, what about order 1043?', look('1043')],
  // As Moonshine wrote down what Flite said.
  ['Where is order one or four to?', look('1042')],
  ['Can you deliver order one thousand forty to on Friday instead?', move('Friday')],
  ['When are you hoping?', 'opening_hours {}'],
  ["Fan't you very much?", /^You are welcome/],
  ['Thank you, good-byte,', 'end_call {"reason":"goodbye"}'],
  ['Good-by,', 'end_call {"reason":"goodbye"}'],
  ['The purple elephant sings', /^I am sorry, I did not get that\. I can /],
];

for (const [utterance, expected] of FIRST_WORDS) {
  test(`"${utterance}" leads to ${expected}`, () => {
    const answer = inShort(new Conversation().say(utterance));
    if (typeof expected === 'string') assert.equal(answer, expected);
    else assert.match(answer, expected);
  });
}

test('a status is told in whole sentences, long enough to cut in', () => {
  const text = new Conversation().ask('What is the status of order 1042?', { found: true, order: ORDER });
  assert.equal(
    text,
    'Here it is. Order ten forty-two, a pair of walking boots, is packed and about to leave our warehouse. ' +
      'It should reach you on Tuesday the twenty-fifth, between nine and noon.',
  );
});

test('"it" is the order that was last spoken of', () => {
  const call = new Conversation();
  call.ask('What is the status of order 1042?', { found: true, order: ORDER });
  assert.equal(inShort(call.say('Can you deliver it on Friday instead?')), move('Friday'));
  const order = { ...ORDER, deliveryDay: '2025-11-28', weekday: 'Friday' };
  assert.equal(
    call.give({
      changed: true,
      order,
      order_number: '1042',
      previousDay: ORDER.deliveryDay,
      previousWeekday: 'Tuesday',
    }).text,
    'Done. Order ten forty-two, a pair of walking boots, will now come on Friday the twenty-eighth instead of Tuesday, ' +
      'between nine and noon. Is there anything else I can do for you?',
  );
});

test('it asks for the number and the day that it lacks, one after the other', () => {
  const call = new Conversation();
  assert.match(call.say('I need to change a delivery').text, /Which order is it\?/);
  assert.match(call.say('ten forty two').text, /On which day of the week shall order ten forty-two come\?/);
  assert.equal(inShort(call.say('Friday, please')), move('Friday'));
});

test('a question that the caller cut off is still answered by a bare number', () => {
  const call = new Conversation();
  call.say('When will my order arrive?');
  call.messages.pop();
  call.messages.push({ role: 'assistant', content: 'Of course. Which [interrupted by the caller]' });
  assert.equal(inShort(call.say('1042')), look('1042'));
  assert.match(call.give({ found: true, order: ORDER }).text, /^It should reach you on Tuesday/);
});

test('after a refused day another day is tried for the same order', () => {
  const call = new Conversation();
  const limits = {
    earliest: { day: '2025-11-24', weekday: 'Monday' },
    latest: { day: '2025-12-06', weekday: 'Saturday' },
  };
  const refused = { changed: false, order_number: '1042', reason: 'no_delivery_on_sunday', order: ORDER, ...limits };
  assert.match(call.ask('Move order 1042 to Sunday', refused), /do not deliver on Sundays/);
  assert.equal(inShort(call.say('Then Monday')), move('Monday'));
});

test('a number that was not found can be said again, and the wish stands', () => {
  const call = new Conversation();
  const text = call.ask('Move order 1024 to Friday', { changed: false, order_number: '1024', reason: 'not_found' });
  assert.match(text, /cannot find order ten twenty-four/);
  assert.equal(inShort(call.say('one zero four two')), move('Friday'));
});

test('a bare number after a finished change asks for that order and changes nothing', () => {
  const call = new Conversation();
  call.ask('Move order 1042 to Friday', {
    changed: true,
    order: ORDER,
    order_number: '1042',
    previousWeekday: 'Monday',
  });
  assert.equal(inShort(call.say('And 1043?')), look('1043'));
});

test('the same question about another number is asked of that', () => {
  const call = new Conversation();
  call.ask("What's in order 1042?", { found: true, order: ORDER });
  call.say('And 1043?');
  assert.match(call.give({ found: true, order: { ...ORDER, number: '1043' } }).text, /^Order ten forty-three is for/);
});

test('two orders that are asked for together are both told', () => {
  const call = new Conversation();
  assert.equal(call.say('Where are orders 1042 and 1043?').calls.length, 2);
  assert.equal(call.give({ found: true, order: ORDER }).text.match(/Order ten forty-two/g)?.length, 2);
});

test('whether it comes on a certain day is answered with yes or no', () => {
  const order = { found: true, order: ORDER };
  assert.match(new Conversation().ask('Will order 1042 come on Tuesday?', order), /^Yes\. It should/);
  assert.match(new Conversation().ask('Will order 1042 come on Friday?', order), /^No\. It should/);
});

test('what was said is repeated whole, even if the caller heard only its beginning', () => {
  const call = new Conversation();
  const text = call.ask('What is the status of order 1042?', { found: true, order: ORDER });
  call.messages.pop();
  call.messages.push({ role: 'assistant', content: 'Order ten forty-two, [interrupted by the caller]' });
  assert.equal(call.say('Sorry, could you say that again?').text, `Of course. ${text}`);
});

test('the hours are told when a human was asked for and the offer taken', () => {
  const call = new Conversation();
  call.say('I want to speak to a human');
  assert.match(call.ask('Yes please', HOURS), /from Monday to Friday, eight in the morning to eight in the evening/);
});

test('a call that was asked for earlier and has only now ended does not answer another question', () => {
  const call = new Conversation();
  call.ask('Where is order 1042?', { found: true, order: ORDER });
  call.messages.push(
    { role: 'user', content: 'When are you open?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'late', type: 'function', function: { name: 'change_delivery_day', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'late', content: '{"changed":true}' },
  );
  assert.equal(inShort(call.next()), 'opening_hours {}');
});

test('a tool that failed is owned up to, and not called again and again', () => {
  const text = new Conversation().ask('Where is order 1042?', { error: 'timed_out', message: 'too slow' });
  assert.match(text, /cannot get at our order system/);
});

test('without the tools it says that it cannot, and offers nothing', () => {
  assert.match(new Conversation([]).say('Where is order 1042?').text, /this agent has no tool for that/);
  assert.match(new Conversation([]).say('Help').text, /no tool that I know/);
  assert.equal(new Conversation([]).say('Goodbye').calls.length, 0);
});

test('words that stay unclear get another hint', () => {
  const call = new Conversation();
  call.say('Blue banana');
  assert.match(call.say('Green banana').text, /still do not understand/);
});

test('whatever is said, and whatever tools return, something is answered', () => {
  const words = fc.constantFrom(
    'order',
    '1042',
    'ten',
    'Friday',
    'move',
    'it',
    'again',
    'yes',
    'when',
    'bye',
    'and',
    'too',
  );
  const utterance = fc.oneof(
    fc.string(),
    fc.array(words).map((list) => list.join(' ')),
  );
  const step = fc.oneof(
    utterance,
    fc.jsonValue().map((result) => ({ result })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const call = new Conversation();
      let answer: ChatAnswer = { text: '', calls: [] };
      for (const each of steps) {
        if (typeof each === 'string') answer = call.say(each);
        else if (answer.calls.length > 0) answer = call.give(each.result);
        else continue;
        assert.ok(answer.text !== '' || answer.calls.length > 0);
      }
    }),
  );
});
