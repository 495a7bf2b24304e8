import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageFor } from './language.ts';
import { isPresenceCheck } from './presence-check.ts';

const EXAMPLES: Readonly<Record<string, { readonly checks: readonly string[]; readonly others: readonly string[] }>> = {
  'en-US': {
    checks: ['Hello?', 'Hello, are you there?', 'Um, hello? Can you hear me?', 'Is anybody there?', 'Hellooo?'],
    others: ['', 'Um.', 'Hello, my order is late.', 'Are you open on Friday?', 'Yes.', 'Can you hear me out on this?'],
  },
  'de-DE': {
    checks: ['Hallo?', 'Sind Sie noch da?', 'Äh, hallo, hören Sie mich?', 'Bist du noch dran?'],
    others: ['Ähm', 'Sind Sie morgen da?', 'Hallo, ich habe eine Frage.'],
  },
  'fr-FR': { checks: ['Allô ?', 'Vous êtes toujours là ?', 'Vous m’entendez ?'], others: ['Vous êtes là demain ?'] },
  'es-ES': { checks: ['¿Hola?', '¿Sigue ahí?', 'Hola, ¿me oye?'], others: ['¿Sigue abierto?'] },
  'it-IT': { checks: ['Pronto?', 'È ancora lì?', 'Pronto, mi sente?'], others: ['È pronto il pacco?'] },
  'nl-NL': { checks: ['Hallo?', 'Bent u er nog?', 'Hoort u mij?'], others: ['Bent u er morgen?'] },
  'pt-BR': { checks: ['Alô?', 'Você ainda está aí?', 'Está me ouvindo?'], others: ['O pedido está aí?'] },
  'ja-JP': { checks: ['Hello?'], others: ['Okay.'] },
};

for (const [locale, { checks, others }] of Object.entries(EXAMPLES)) {
  test(`${locale}: a caller who asks whether anybody is there is told from one who asks for something`, () => {
    const language = languageFor(locale);
    assert.deepEqual(
      checks.filter((text) => !isPresenceCheck(text, language)),
      [],
    );
    assert.deepEqual(
      others.filter((text) => isPresenceCheck(text, language)),
      [],
    );
  });
}
