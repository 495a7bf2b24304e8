import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBackchannel } from './backchannel.ts';
import { completeness } from './completeness.ts';
import { languageFor } from './language.ts';

interface Examples {
  readonly finished: readonly string[];
  readonly unfinished: readonly string[];
  readonly acknowledgements: readonly string[];
  readonly taking: readonly string[];
}

const EXAMPLES: Readonly<Record<string, Examples>> = {
  'de-DE': {
    finished: [
      'ich möchte meine bestellung stornieren',
      'Danke, das war’s',
      'nein',
      'wo ist mein paket',
      'können sie mir sagen wo meine bestellung ist',
      'die schuhe die ich bestellt habe',
      'ich habe gestern schon angerufen',
      'ähm ja',
    ],
    unfinished: [
      'ich möchte meine',
      'ich rufe an weil',
      'meine Nummer ist, ähm',
      'meine nummer ist vier zwei',
      'Moment, ich',
      'das paket sollte am montag kommen aber',
      'ich brauche einen tisch für',
      'ich möchte gerne',
    ],
    acknowledgements: ['mhm', 'ja genau', 'Ach so.', 'alles klar', 'ähm okay', 'verstehe'],
    taking: ['nein', 'stopp', 'ja aber', 'moment', 'ja ich möchte'],
  },
  'fr-FR': {
    finished: ['je voudrais annuler ma commande', "c'est tout merci", 'non', 'où est mon colis', 'oui c’est ça'],
    unfinished: [
      'je voudrais annuler ma',
      "j'appelle parce que",
      'mon numéro est euh',
      'mon numéro est quatre deux',
      "c'est pour l'",
      'attendez',
      'il devait arriver lundi mais',
    ],
    acknowledgements: ["d'accord", 'oui oui', 'ah bon', 'euh oui', 'Très bien.'],
    taking: ['non', 'attendez', 'oui mais', 'pardon'],
  },
  'es-ES': {
    finished: ['quiero cancelar mi pedido', 'eso es todo gracias', 'no', 'dónde está mi paquete', 'sí por favor'],
    unfinished: [
      'quiero cancelar mi',
      'llamo porque',
      'mi número es eh',
      'mi número es cuatro dos',
      'un momento',
      'tenía que llegar el lunes pero',
      'quisiera',
    ],
    acknowledgements: ['vale', 'sí sí', 'ajá', 'ya veo', 'eh, claro'],
    taking: ['no', 'espere', 'sí pero', 'pare'],
  },
  'it-IT': {
    finished: ['vorrei annullare il mio ordine', 'è tutto grazie', 'no', 'quando arriva il pacco', 'sì per favore'],
    unfinished: [
      'vorrei annullare il mio',
      'chiamo perché',
      'il mio numero è ehm',
      'il mio numero è quattro due',
      'un attimo',
      'doveva arrivare lunedì ma',
      "è per l'",
    ],
    acknowledgements: ['va bene', 'sì sì', 'ho capito', 'ehm certo'],
    taking: ['no', 'aspetti', 'sì ma', 'scusi'],
  },
  'pt-BR': {
    finished: ['quero cancelar o meu pedido', 'é só isso obrigado', 'não', 'quando chega a encomenda', 'sim por favor'],
    unfinished: [
      'quero cancelar o meu',
      'estou ligando porque',
      'o meu número é hum',
      'o meu número é quatro dois',
      'um momento',
      'devia chegar na segunda mas',
    ],
    acknowledgements: ['tá bom', 'sim sim', 'entendi', 'hum certo'],
    taking: ['não', 'espere', 'sim mas', 'desculpe'],
  },
  'nl-NL': {
    finished: ['ik wil mijn bestelling annuleren', 'dat was het dank u wel', 'nee', 'waar is mijn pakket', 'ja graag'],
    unfinished: [
      'ik wil mijn',
      'ik bel omdat',
      'mijn nummer is ehm',
      'mijn nummer is vier twee',
      'momentje',
      'het zou maandag komen maar',
      'ik zou graag',
    ],
    acknowledgements: ['ja precies', 'oké', 'ik snap het', 'eh ja'],
    taking: ['nee', 'wacht', 'ja maar', 'stop'],
  },
};

for (const [locale, { finished, unfinished, acknowledgements, taking }] of Object.entries(EXAMPLES)) {
  const language = languageFor(locale);

  test(`${locale}: finished sentences are told from unfinished ones`, () => {
    const told = (words: string) => `${completeness(words, language).toFixed(2)} ${words}`;
    assert.deepEqual(finished.filter((words) => completeness(words, language) < 0.6).map(told), []);
    assert.deepEqual(unfinished.filter((words) => completeness(words, language) > 0.36).map(told), []);
  });

  test(`${locale}: acknowledgements take no floor, other words do`, () => {
    assert.deepEqual(
      acknowledgements.filter((words) => !isBackchannel(words, language)),
      [],
    );
    assert.deepEqual(
      taking.filter((words) => isBackchannel(words, language)),
      [],
    );
  });
}

test('a language that is not known is judged by its marks and the sounds that all listeners make', () => {
  const unknown = languageFor('ja-JP');
  assert.equal(completeness('注文をキャンセルしたい', unknown), 0.5);
  assert.ok(completeness('注文はどこですか？', unknown) > 0.7);
  assert.ok(completeness('注文は、', unknown) < 0.3);
  assert.equal(isBackchannel('mm-hmm', unknown), true);
  assert.equal(isBackchannel('yes', unknown), false);
});

test('a locale is found whatever its case and its region', () => {
  assert.equal(languageFor('EN_gb').code, 'en');
  assert.equal(languageFor('pt').code, 'pt');
  assert.equal(languageFor('').code, 'und');
});
