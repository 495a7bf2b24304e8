import { z } from 'zod';
import type { Phrases } from '../contract/agent.ts';
import { languageCodeOf } from './locale.ts';

/** All that an agent says by itself but its greeting, which only its author can know; it bids nobody farewell. */
export type DefaultPhrases = Omit<Phrases, 'greeting' | 'farewell'>;

const sentence = z.string().trim().min(1).max(500);

/** The part `phrases` of an agent's YAML: what it wants to say otherwise. */
export const phraseSettings = z.strictObject({
  resumption: sentence.exactOptional(),
  apology: sentence.exactOptional(),
  fillers: z.array(sentence).min(3).max(20).exactOptional(),
  explanation: sentence.exactOptional(),
  give_up: sentence.exactOptional(),
  not_understood: sentence.exactOptional(),
  goodbye: sentence.exactOptional(),
  prompts: z.array(sentence).max(10).exactOptional(),
  farewell: z.union([z.literal(''), sentence]).exactOptional(),
});

export type PhraseSettings = z.output<typeof phraseSettings>;

const en: DefaultPhrases = {
  resumption: 'Sorry, we were cut off for a moment. Could you say that again?',
  apology: 'Sorry, something went wrong on my side. Could you say that again?',
  fillers: ['One moment, please.', 'Let me see.', 'Just a second.'],
  explanation: 'This is taking longer than usual. You can wait a little longer, or ask me something else.',
  giveUp: 'I am sorry, I cannot get an answer right now. Please try again in a moment.',
  notUnderstood: 'Sorry, I did not catch that. Could you say it again?',
  goodbye: 'Thank you. Goodbye.',
  prompts: ['Are you still there?', 'I am still here. Take your time.'],
};

const de: DefaultPhrases = {
  resumption: 'Entschuldigung, wir waren kurz unterbrochen. Können Sie das bitte noch einmal sagen?',
  apology: 'Entschuldigung, bei mir ist etwas schiefgegangen. Können Sie das bitte noch einmal sagen?',
  fillers: ['Einen Moment, bitte.', 'Augenblick, bitte.', 'Ich bin gleich so weit.'],
  explanation: 'Es dauert länger als sonst. Sie können noch etwas warten oder mich etwas anderes fragen.',
  giveUp: 'Es tut mir leid, ich bekomme gerade keine Antwort. Bitte versuchen Sie es gleich noch einmal.',
  notUnderstood: 'Entschuldigung, das habe ich nicht verstanden. Können Sie es bitte noch einmal sagen?',
  goodbye: 'Vielen Dank. Auf Wiederhören.',
  prompts: ['Sind Sie noch da?', 'Ich bin noch da. Lassen Sie sich Zeit.'],
};

const fr: DefaultPhrases = {
  resumption: 'Excusez-moi, nous avons été coupés un instant. Pouvez-vous répéter, s’il vous plaît ?',
  apology: 'Excusez-moi, il y a eu un problème de mon côté. Pouvez-vous répéter, s’il vous plaît ?',
  fillers: ['Un instant, s’il vous plaît.', 'Un petit moment.', 'Je suis à vous tout de suite.'],
  explanation: 'Cela prend plus de temps que d’habitude. Vous pouvez patienter un peu ou me demander autre chose.',
  giveUp: 'Je suis désolé, je n’obtiens pas de réponse pour le moment. Veuillez réessayer dans un instant.',
  notUnderstood: 'Excusez-moi, je n’ai pas compris. Pouvez-vous répéter, s’il vous plaît ?',
  goodbye: 'Merci. Au revoir.',
  prompts: ['Êtes-vous toujours là ?', 'Je suis toujours là. Prenez votre temps.'],
};

const es: DefaultPhrases = {
  resumption: 'Disculpe, se ha cortado un momento. ¿Podría repetirlo, por favor?',
  apology: 'Disculpe, ha habido un problema por mi parte. ¿Podría repetirlo, por favor?',
  fillers: ['Un momento, por favor.', 'Un segundo.', 'Enseguida estoy con usted.'],
  explanation: 'Está tardando más de lo normal. Puede esperar un poco o preguntarme otra cosa.',
  giveUp: 'Lo siento, ahora mismo no consigo una respuesta. Inténtelo de nuevo en un momento, por favor.',
  notUnderstood: 'Disculpe, no le he entendido. ¿Podría repetirlo, por favor?',
  goodbye: 'Gracias. Adiós.',
  prompts: ['¿Sigue ahí?', 'Sigo aquí. Tómese su tiempo.'],
};

const it: DefaultPhrases = {
  resumption: 'Mi scusi, la linea è caduta per un momento. Può ripetere, per favore?',
  apology: 'Mi scusi, c’è stato un problema da parte mia. Può ripetere, per favore?',
  fillers: ['Un momento, per favore.', 'Un attimo.', 'Sono subito da lei.'],
  explanation: 'Ci vuole più tempo del solito. Può aspettare ancora un po’ oppure chiedermi qualcos’altro.',
  giveUp: 'Mi dispiace, in questo momento non riesco ad avere una risposta. Riprovi tra poco, per favore.',
  notUnderstood: 'Mi scusi, non ho capito. Può ripetere, per favore?',
  goodbye: 'Grazie. Arrivederci.',
  prompts: ['È ancora in linea?', 'Sono ancora qui. Faccia con calma.'],
};

const nl: DefaultPhrases = {
  resumption: 'Sorry, de verbinding was even weg. Kunt u dat nog een keer zeggen?',
  apology: 'Sorry, er ging aan mijn kant iets mis. Kunt u dat nog een keer zeggen?',
  fillers: ['Een moment, alstublieft.', 'Een ogenblik.', 'Ik ben zo bij u.'],
  explanation: 'Het duurt langer dan normaal. U kunt nog even wachten of mij iets anders vragen.',
  giveUp: 'Het spijt me, ik krijg op dit moment geen antwoord. Probeert u het straks nog eens.',
  notUnderstood: 'Sorry, dat heb ik niet verstaan. Kunt u het nog een keer zeggen?',
  goodbye: 'Dank u wel. Tot ziens.',
  prompts: ['Bent u er nog?', 'Ik ben er nog. Neemt u rustig de tijd.'],
};

const pt: DefaultPhrases = {
  resumption: 'Desculpe, a ligação foi interrompida por um momento. Pode repetir, por favor?',
  apology: 'Desculpe, houve um problema do meu lado. Pode repetir, por favor?',
  fillers: ['Um momento, por favor.', 'Só um instante.', 'Um segundo, por favor.'],
  explanation: 'Isto demora mais do que o normal. Pode esperar um pouco ou perguntar outra coisa.',
  giveUp: 'Lamento, neste momento não consigo obter uma resposta. Tente novamente daqui a pouco, por favor.',
  notUnderstood: 'Desculpe, não percebi. Pode repetir, por favor?',
  goodbye: 'Obrigado. Até à próxima.',
  prompts: ['Ainda está aí?', 'Continuo aqui. Não há pressa.'],
};

const BY_LANGUAGE: ReadonlyMap<string, DefaultPhrases> = new Map(Object.entries({ en, de, fr, es, it, nl, pt }));

/** What an agent of this language should say in its YAML, because nothing is known here in its language. */
export function missingPhrases(locale: string, own: PhraseSettings): string[] {
  if (BY_LANGUAGE.has(languageCodeOf(locale))) return [];
  return Object.keys(phraseSettings.shape).filter((name) => name !== 'farewell' && !(name in own));
}

/**
 * What an agent says by itself where its YAML says nothing else. In a language without an entry here it says nothing in
 * a foreign one: its own greeting stands for every sentence, as it is the one thing known to be of its language, and
 * between them it makes sounds that are understood nearly everywhere. It hangs up with a sound, too: no greeting is a
 * goodbye.
 */
export function defaultPhrases(locale: string, greeting: string): Phrases {
  const known = BY_LANGUAGE.get(languageCodeOf(locale));
  if (known) return { greeting, farewell: '', ...known };
  return {
    greeting,
    resumption: greeting,
    apology: greeting,
    fillers: ['Mhm.', 'Hm.', 'Okay.'],
    explanation: greeting,
    giveUp: greeting,
    notUnderstood: 'Hm?',
    goodbye: '',
    prompts: ['Hallo?', greeting],
    farewell: '',
  };
}

/** The agent's phrases: its own, and the defaults of its language for the others. */
export function phrasesOf(locale: string, greeting: string, own: PhraseSettings): Phrases {
  const { give_up: giveUp, not_understood: notUnderstood, ...others } = own;
  return {
    ...defaultPhrases(locale, greeting),
    ...others,
    ...(giveUp !== undefined && { giveUp }),
    ...(notUnderstood !== undefined && { notUnderstood }),
  };
}
