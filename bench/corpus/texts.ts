/** Cutting in, to stop or to change what the agent says. */
export const INTERRUPTIONS = [
  'Wait, stop, I have another question.',
  'No, that is not what I meant.',
  'Hold on a second, please.',
  'Actually, can you cancel it?',
  'Sorry, could you repeat the number?',
  'Excuse me, I need to speak to a person.',
  'How much does that cost?',
  'Stop.',
  'But I already paid for that.',
  'That is the wrong address, I moved last month.',
] as const;

/** Flite reads letters where a word has no vowel. */
const SPELT: Readonly<Record<string, string>> = { mhm: 'um hum', 'uh-huh': 'uh huh' };

/** What listeners say to show that they listen, and how the synthesiser is given it. */
const MURMURS = ['mhm', 'okay', 'right', 'uh-huh', 'yeah', 'yes', 'I see', 'sure', 'got it', 'all right'];
export const BACKCHANNELS = MURMURS.map((text) => ({ text, spoken: SPELT[text] ?? text }));

/**
 * Turns as callers take them; `|` is where the caller pauses. The last three kinds have no pause of the caller's: they
 * are what an agent must answer quickly.
 */
export const TURNS = {
  filler: [
    'My number is, um, | four two seven one.',
    'I would like to, uh, | change my delivery to Friday.',
    'It is about, um, | an order from last week.',
    'The name is, uh, | Peterson.',
    'I think it was, um, | the third of October.',
    'Can you, uh, | tell me when it arrives?',
    'So, um, | my printer does not work, um, | since this morning.',
  ],
  trailing: [
    'I want to send it back and | get a refund.',
    'Please deliver it to the | office on Main Street.',
    'I called yesterday because | nobody came.',
    'I need two tickets for | the late show.',
    'The package should go to my | sister in Boston.',
    'I would like a table for | six people on | Saturday evening.',
    'It was supposed to arrive on Monday but | it never came.',
  ],
  digits: [
    'Four two five, | eight one nine, | three three oh seven.',
    'The order number is one oh | four two.',
    'My card ends in nine nine | two one.',
    'It is five five five, | two three six eight.',
    'The code is seven, | four, | one, | nine.',
  ],
  restart: [
    'I want to, | no wait, | I need to cancel the order.',
    'Can I, | can you move it to Tuesday?',
    'We would, | actually, | make that three rooms.',
    'The blue one, | sorry, | the black one please.',
  ],
  thinking: [
    'I am looking for a hotel | near the station.',
    'Could you check | if my payment went through?',
    'I would like to book | a flight | to Chicago.',
    'My address is twelve | Park Avenue.',
    'Let me see, | it says model forty two.',
  ],
  complete: [
    'I would like to speak to someone about my last invoice.',
    'My order has not arrived yet.',
    'Please cancel my subscription.',
    'I want to change the delivery to Friday afternoon because nobody is at home before that.',
    'The printer in our office has stopped working again.',
    'Thank you, that is all I wanted to know.',
  ],
  question: [
    'What is the status of order ten forty two?',
    'Can you deliver it on Friday instead?',
    'Where is my package?',
    'How long does the repair take?',
    'Do you have this in a larger size?',
    'Is there a fee for changing the date of my flight after I have paid?',
  ],
  short: ['Yes.', 'No.', 'Yes please.', 'No thanks.', 'Tomorrow.', 'Four.', 'Good morning.', 'That is right.'],
};
export type HesitationKind = keyof typeof TURNS;
export const HESITATION_KINDS = Object.keys(TURNS) as HesitationKind[];
