import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { errorAnswer } from '../http/error-answer.ts';
import { requireCallable } from './outbound-numbers.ts';

const everywhere = { countries: undefined, fictitious: false };

/** Numbers as their plans have them; none of them is anybody's that we know. */
const CALLABLE = [
  '+12125550123', // United States, either kind
  '+442079460018', // London
  '+447400123456', // United Kingdom, mobile
  '+493012345678', // Berlin
  '+4915123456789', // Germany, mobile
  '+33612345678', // France, mobile
  '+41446681800', // Zürich
  '+815031234567', // Japan, VoIP
];

const NEVER: readonly (readonly [number: string, code: string])[] = [
  ['+19002345678', 'outbound.number-type'], // premium, United States
  ['+499001234567', 'outbound.number-type'], // premium, Germany
  ['+33899123456', 'outbound.number-type'], // premium, France
  ['+41900123456', 'outbound.number-type'], // premium, Switzerland
  ['+449012345678', 'outbound.number-type'], // premium, United Kingdom
  ['+491371234567', 'outbound.number-type'], // voting, shared cost, Germany
  ['+491801234567', 'outbound.number-type'], // shared cost, Germany
  ['+447012345678', 'outbound.number-type'], // personal number, United Kingdom, dear
  ['+18002345678', 'outbound.number-type'], // toll-free
  ['+870773111632', 'outbound.number-type'], // Inmarsat
  ['+881612345678', 'outbound.number-type'], // satellite
  ['+88213001234', 'outbound.number-type'], // international networks
  ['+883510012345', 'outbound.number-type'], // international networks
  ['+979123456789', 'outbound.number-type'], // international premium
  ['+1911', 'outbound.number-unassigned'],
  ['+112', 'outbound.number-unassigned'],
  ['+44999', 'outbound.number-unassigned'],
  ['+49110', 'outbound.number-unassigned'],
  ['+12', 'outbound.number-unassigned'],
  ['+999123456789', 'outbound.number-unassigned'],
  ['+15551230000', 'outbound.number-unassigned'],
];

test('fixed lines, mobiles and VoIP of a country are called', () => {
  for (const number of CALLABLE) requireCallable(number, everywhere);
});

test('premium, shared-cost, personal, satellite, international, toll-free, short and unassigned numbers never are (H12)', () => {
  for (const [number, code] of NEVER) {
    assert.throws(() => requireCallable(number, everywhere), { code, status: 403 }, number);
  }
});

test('a toll-free number of a country is called where somebody wants to talk there, and nothing that is dear with it', () => {
  const rules = { countries: new Set(['US', 'DE']), fictitious: false, tollFree: true };
  for (const number of ['+18002345678', '+498001234567', '+493012345678']) requireCallable(number, rules);
  assert.throws(() => requireCallable('+33800123456', rules), { code: 'outbound.country' });
  const dear = NEVER.filter(([number]) => number !== '+18002345678');
  for (const [number, code] of dear) assert.throws(() => requireCallable(number, rules), { code, status: 403 }, number);
});

test('what is told of a number that is dear names toll-free ones where they are called, and else not (stranger16e 5)', () => {
  const refused = (tollFree: boolean) => () =>
    requireCallable('+19002345678', { countries: undefined, fictitious: false, tollFree });
  assert.throws(refused(true), { message: /VoIP and toll-free numbers of a country are rung for a call that stands/ });
  assert.throws(refused(false), { message: /Only fixed lines, mobiles and VoIP of a country are called/ });
});

test('a number in the midst of a text is none', () => {
  for (const text of ['4:+493012345678', '+493012345678:19002345678', '+493012345678x5', '4:19002345678']) {
    assert.throws(() => requireCallable(text, everywhere), { code: 'outbound.number-unassigned' }, text);
  }
});

test('a country that is not named is not called, though it shares its calling code with one that is', () => {
  const rules = { countries: new Set(['US', 'DE']), fictitious: false };
  requireCallable('+12125550123', rules);
  requireCallable('+4915123456789', rules);
  for (const number of ['+18762345678', '+14165550123', '+33612345678', '+442079460018']) {
    assert.throws(() => requireCallable(number, rules), { code: 'outbound.country', status: 403 }, number);
  }
});

test('where the emulator is the carrier, the numbers of examples and films are called, and nothing else is let in by that', () => {
  const rules = { countries: new Set(['DE']), fictitious: true };
  for (const number of ['+15550100', '+15551230000', '+15558888']) requireCallable(number, rules);
  for (const number of ['+1555', '+155512', '+155512300001', '+19002345678', '+12125550123', '+881612345678']) {
    assert.throws(() => requireCallable(number, rules), { status: 403 }, number);
  }
});

test('neither the log nor the answer has anything of a number that is refused', () => {
  const lines: string[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(line) });
  const countries = new Set(['DE']);
  for (const number of [...NEVER.map(([never]) => never), '+12125550123']) {
    lines.length = 0;
    try {
      requireCallable(number, { countries, fictitious: false });
    } catch (error) {
      const { body } = errorAnswer(error, 'trace', log);
      const said = lines.join('') + JSON.stringify(body);
      assert.match(said, /outbound\./);
      // Its status apart.
      assert.doesNotMatch(said.replaceAll('403', ''), /\d{3}/, number);
      assert.doesNotMatch(said, /"(US|CA|GB|FR|CH|DE)"/);
    }
    assert.equal(lines.length, 1, number);
  }
});
