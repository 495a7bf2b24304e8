import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ChatAnswer, type ChatMessage, chatRequestSchema } from '../chat-wire.ts';
import { ScriptedDialogue } from './scripted-dialogue.ts';

const tool = (name: string, description: string, properties: object = {}, required = Object.keys(properties)) => ({
  type: 'function',
  function: { name, description, parameters: { type: 'object', properties, required } },
});
const ORDER_NUMBER = { type: 'string', pattern: '^\\d{1,8}$', description: 'The number, digits only' };
const DAY = { type: 'string', description: 'A weekday such as "Friday" (the next one), "tomorrow", or a date' };
const END_CALL = tool('end_call', 'Hangs up.', { reason: { type: 'string' } }, []);
const DESK = [
  tool('look_up_order', 'Finds an order by its number: how far it has come.', { order_number: ORDER_NUMBER }),
  tool('change_delivery_day', 'Moves an order to another day.', { order_number: ORDER_NUMBER, new_day: DAY }),
  tool('opening_hours', 'Says when the shop can be reached.'),
  END_CALL,
];

const ORDER = {
  number: '1042',
  item: 'a pair of walking boots',
  status: 'packed',
  deliveryDay: '2025-11-25',
  weekday: 'Tuesday',
  slot: 'between nine and noon',
};

/** A call from the model's side: says things, answers its tool calls, keeps the messages. */
class Conversation {
  readonly messages: unknown[] = [
    { role: 'system', content: 'You are the order desk.' },
    { role: 'assistant', content: 'Hello, you have reached the order desk. How can I help you?' },
  ];
  readonly #dialogue = new ScriptedDialogue();
  readonly #tools: readonly unknown[];

  constructor(tools: readonly unknown[] = DESK) {
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
    const answer = this.#dialogue.answer(chatRequestSchema.parse({ messages: this.messages, tools: this.#tools }));
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
  ['what is the status of order one thousand forty two', look('1042')],
  ['What is the stay tuss of order ten forty-two?', look('1042')],
  ["Where's my order one zero four two", look('1042')],
  ['Hi, can you check on order number 1,042 please?', look('1042')],
  ['Order ten forty two.', look('1042')],
  ['1042', look('1042')],
  ['When will order 1042 arrive?', look('1042')],
  ['How long until you deliver order 1-0-4-2', look('1042')],
  ['Is order 1042 coming on Friday?', look('1042')],
  ["What's in order 1042?", look('1042')],
  ['Where are orders 1042 and 1043?', `${look('1042')}, ${look('1043')}`],
  ['Please deliver order 1042 on Friday.', move('Friday')],
  ['Can you move order 1042 to Monday?', move('Monday')],
  ['Reschedule order one oh four two from Tuesday to Saturday', move('Saturday')],
  ['Could order 1042 come tomorrow instead?', move('tomorrow')],
  ['Bring order 1042 on Wednesday, not on Thursday', move('Wednesday')],
  ['When are you open on Saturday?', 'opening_hours {}'],
  ['What are your opening hours?', 'opening_hours {}'],
  ['When are you hoping?', 'opening_hours {}'],
  ['Where is my order?', 'What is the order number?'],
  ['I want to change the delivery day', 'What is the order number?'],
  ['I want to cancel order 1042', /^I cannot cancel orders/],
  ['Can I talk to a human, please?', /Our staff can help you/],
  ['What can you do?', /look up order, change delivery day, or opening hours/],
  ['Hello?', /^Hello!/],
  ['Good morning, how are you?', /^I am fine/],
  ['Thank you very much', /^You are welcome/],
  ['Are you a real person?', /scripted demo, not a language model/],
  ['What did you say?', /^Of course\. Hello, you have reached/],
  ['Hold on', /take your time/],
  ['Thanks, good-by,', 'end_call {"reason":"goodbye"}'],
  ["That's all, thanks", 'end_call {"reason":"goodbye"}'],
  ['The purple elephant sings', /^I am sorry, I did not get that\. /],
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
      'It should reach you on Tuesday the 25th, between nine and noon.',
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
    'Done. Order ten forty-two, a pair of walking boots, will now come on Friday the 28th instead of Tuesday, ' +
      'between nine and noon. Is there anything else I can do for you?',
  );
});

test('it asks for the number and the day that it lacks, one after the other', () => {
  const call = new Conversation();
  assert.equal(call.say('I need to change a delivery').text, 'What is the order number?');
  assert.equal(call.say('ten forty two').text, 'What is the new day?');
  assert.match(call.say('Blue banana').text, /^I am sorry, I did not get that\. What is the new day\?$/);
  assert.equal(inShort(call.say('Friday, please')), move('Friday'));
});

test('a question that the caller cut off is still answered by a bare number', () => {
  const call = new Conversation();
  call.say('When will my order arrive?');
  call.messages.pop();
  call.messages.push({ role: 'assistant', content: 'What is [interrupted by the caller]' });
  assert.equal(inShort(call.say('1042')), look('1042'));
});

for (const pleasantry of [
  'How are you today?',
  'Hello, how are you doing today',
  'Have a nice Sunday!',
  'Happy Friday',
]) {
  test(`"${pleasantry}" moves no delivery, whatever was talked of before (newcomer: small talk with side effects)`, () => {
    const call = new Conversation();
    call.ask('Where is order 1042?', { found: true, order: ORDER });
    assert.match(inShort(call.say(pleasantry)), /^(I am fine|Thank you, the same)/);
    call.say('I need to change the delivery of order 1042');
    assert.match(inShort(call.say(pleasantry)), /^(I am fine|Thank you, the same)/);
  });
}

test('a day that belongs to small talk is not the day to move an order to (newcomer: small talk with side effects)', () => {
  const say = (text: string) => inShort(new Conversation().say(text));
  assert.equal(say('Hi, how are you today? Can you move order 1042 to Friday?'), move('Friday'));
  assert.equal(say('how are you today where is order 1042'), look('1042'));
  assert.equal(say('How are you delivering order 1042 today?'), look('1042'));
});

test('every other one of the questions for measuring takes a tool, the first too', async () => {
  const file = await readFile(new URL('../../phone/questions.txt', import.meta.url), 'utf8');
  const questions = file.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const changed of [true, false]) {
    const call = new Conversation();
    const result = { found: true, changed, order_number: '1042', reason: 'too_soon', order: ORDER };
    const takesTool = questions.map((question) => {
      const { calls } = call.say(question);
      if (calls.length > 0) call.give(calls[0]?.name === 'opening_hours' ? { openNow: true } : result);
      return `${question} ${calls.length > 0}`;
    });
    assert.deepEqual(
      takesTool,
      questions.map((question, at) => `${question} ${at % 2 === 0}`),
    );
  }
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

test('a tool that was used on a partial is not used again for its final, which has capitals', () => {
  const call = new Conversation();
  assert.equal(call.say('deliver order 1042 on friday').calls.length, 1);
  call.messages.splice(-2, 1, { role: 'user', content: 'Deliver order 1042 on Friday.' });
  assert.deepEqual(call.give({ order: ORDER, changed: true }).calls, []);
});

test('two orders that are asked for together are both told', () => {
  const call = new Conversation();
  assert.equal(call.say('Where are orders 1042 and 1043?').calls.length, 2);
  assert.equal(call.give({ found: true, order: ORDER }).text.match(/Order ten forty-two/g)?.length, 2);
});

test('what was said is repeated whole, even if the caller heard only its beginning', () => {
  const call = new Conversation();
  const text = call.ask('What is the status of order 1042?', { found: true, order: ORDER });
  call.messages.pop();
  call.messages.push({ role: 'assistant', content: 'Order ten forty-two, [interrupted by the caller]' });
  assert.equal(call.say('Sorry, could you say that again?').text, `Of course. ${text}`);
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
  assert.match(text, /^I am sorry, that did not work/);
});

test('without tools it says that it has none', () => {
  assert.match(new Conversation([]).say('Where is order 1042?').text, /this agent has no tool/);
  assert.equal(new Conversation([]).say('Goodbye').calls.length, 0);
});

const PEOPLE = { type: 'integer', minimum: 1, maximum: 12, description: 'How many people will come' };
const OWN = [
  tool('book_table', 'Books a table for tonight.', { people: PEOPLE }),
  tool('get_weather', 'The weather of a city.', { city: { type: 'string' } }),
  tool('set_light', 'Switches a light.', { room: { enum: ['kitchen', 'living_room'] }, on: { type: 'boolean' } }),
  tool(
    'bookAppointment',
    'Makes an appointment with a doctor.',
    {
      day: { type: 'string', format: 'date' },
      time: { type: 'string' },
      name: { type: 'string', description: 'Of the patient' },
      people: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    },
    ['day', 'time', 'name'],
  ),
  tool('send_note', 'Writes something down for the manager.', { text: { type: 'string' } }),
  END_CALL,
];

const OWN_WORDS: readonly [utterance: string, expected: string | RegExp][] = [
  ['Please book a table for three people.', 'book_table {"people":3}'],
  ['book a table for twelve', 'book_table {"people":12}'],
  ['Can I have a table at 7 pm for 4 people?', 'book_table {"people":4}'],
  ['I want to book a table', 'How many people will come?'],
  ["What's the weather like in New York today?", 'get_weather {"city":"New York"}'],
  ['Tell me the weather in Paris', 'get_weather {"city":"Paris"}'],
  ['Weather Berlin please', 'get_weather {"city":"Berlin"}'],
  ['Turn the light in the living room on', 'set_light {"room":"living_room","on":true}'],
  ['Kitchen light off, please', 'set_light {"room":"kitchen","on":false}'],
  [
    "I need an appointment on 2026-12-24 at 9 o'clock, my name is Ada Lovelace",
    'bookAppointment {"day":"2026-12-24","time":"9 o\'clock","name":"Ada Lovelace"}',
  ],
  ['Make a note that the soup was cold', 'send_note {"text":"soup was cold"}'],
  ['Hello', /^Hello!/],
  ['Thanks, goodbye', 'end_call {"reason":"goodbye"}'],
  ['The purple elephant sings', /book table, get weather, set light, book appointment, or send note/],
];

for (const [utterance, expected] of OWN_WORDS) {
  test(`with tools that it has never seen, "${utterance}" leads to ${expected}`, () => {
    const answer = inShort(new Conversation(OWN).say(utterance));
    if (typeof expected === 'string') assert.equal(answer, expected);
    else assert.match(answer, expected);
  });
}

test('a tool of one’s own gets what it lacks by asking', () => {
  const call = new Conversation(OWN);
  assert.equal(call.say('Please book a table').text, 'How many people will come?');
  assert.equal(inShort(call.say('Three')), 'book_table {"people":3}');
});

const TOLD: readonly [result: unknown, text: string][] = [
  [{ booked: true, people: 3, table: 'a table at the window' }, 'Booked, people: 3, table: a table at the window.'],
  [{ message: 'Your table is ready', id: 7 }, 'Your table is ready.'],
  ['It rains.', 'It rains.'],
  [{ found: false }, 'Not found.'],
  [{ toppings: ['ham', 'cheese'], price: { euros: 9 } }, 'Toppings: ham and cheese, euros: 9.'],
  [{}, 'It is done.'],
];

for (const [result, text] of TOLD) {
  test(`of ${JSON.stringify(result)} it says "${text}"`, () => {
    assert.equal(new Conversation(OWN).ask('Book a table for two', result), text);
  });
}

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
    'book',
    'table',
    'name',
    'light',
    'on',
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
    fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom(DESK, OWN, []), (steps, tools) => {
      const call = new Conversation(tools);
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
