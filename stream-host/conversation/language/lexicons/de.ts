import type { Lexicon } from '../lexicon.ts';

export const de: Lexicon = {
  backchannels: `
    mhm, mm, m, mm hm, mm hmm, hm, hmm, aha, ah, ach, ach so, achso, oh, okay, ok, o.k, okey, ja, jaja, ja ja, jo, jep, jawohl,
    genau, ganz genau, richtig, stimmt, das stimmt, klar, na klar, alles klar, gut, sehr gut, schön, super, prima, toll,
    perfekt, verstehe, ich verstehe, verstanden, ach ja, ah ja, so so, soso, echt, wirklich, natürlich, sicher, eben, doch,
    in ordnung, passt, gerne, weiter, ja genau, ja gut, na gut, na ja, weiß ich, ich weiß`,
  fillers: 'äh, ähm, öh, öhm, eh, ehm, hm, hmm, mm, m, um, uhm, em',
  closers: `
    danke, danke schön, dankeschön, vielen dank, danke sehr, bitte, tschüss, tschüs, ciao, auf wiederhören, auf wiedersehen,
    schönen tag, das war's, das wär's, das war alles, das ist alles, mehr nicht, sonst nichts, glaube ich, denke ich,
    ich glaube schon, ich denke schon, oder so, oder nicht, oder, nicht wahr, und so weiter, ja das ist es, ja bin ich,
    ja habe ich, nein habe ich nicht, so bald wie möglich, wie geht es ihnen, wie geht's, wer ist da, was ist das`,
  announcements: `
    moment, einen moment, einen augenblick, augenblick, moment mal, warten sie, warte mal, mal sehen, mal schauen, schauen wir mal,
    lassen sie mich, lass mich, ich schaue, ich schau mal, ich muss mal schauen, sekunde, eine sekunde, wie sagt man,
    wie soll ich sagen, wie heißt das, meine nummer ist, die nummer ist, nummer ist, nummer lautet, mein name ist, name ist,
    adresse ist, code ist, postleitzahl ist, das problem ist, problem ist, die sache ist, die frage ist, frage ist,
    der grund ist, ich möchte, ich möchte gerne, ich möchte gern, ich will, ich würde, ich würde gerne, ich würde gern,
    ich hätte gerne, ich hätte gern, ich brauche, ich suche, ich habe, ich hab, ich bin, ich wollte, ich dachte, ich glaube,
    ich denke, ich meine, können sie, könnten sie, kann ich, könnte ich, darf ich, haben sie, sind sie, wissen sie, gibt es,
    sagen sie mir, können sie mir, könnten sie mir, es gibt, zum beispiel, so eine art, ein paar, ein bisschen, es geht um,
    das heißt, und zwar, und dann, aber dann, und jetzt, der erste, die erste, der zweite, der letzte, die letzte, der neue`,
  open: `
    und, oder, aber, weil, da, denn, dass, ob, wenn, falls, obwohl, während, sondern, sowie, bevor, nachdem, damit, als, also,
    deshalb, trotzdem, beziehungsweise, der, die, den, dem, des, ein, eine, einen, einem, einer, eines, mein, meine, meinen,
    meinem, meiner, dein, deine, ihr, ihre, ihren, ihrem, ihrer, unser, unsere, unseren, sein, seine, seinen, kein, keine, keinen,
    ich, wir, er, man, sehr, ziemlich, zu viel, jede, jeden, jeder, dieser, diese, diesen, diesem, welche, welcher, welchen,
    punkt, strich, bindestrich, doppel, herr, frau, wegen, um zu, zum, zur, im, am, vom, beim, ins, ans, 'ne, ne`,
  prepositions: `
    von, für, bei, aus, nach, in, über, unter, zwischen, durch, gegen, ohne, seit, bis, hinter, neben, trotz, laut, per, pro`,
  auxiliaries: `
    ist, sind, war, waren, bin, bist, wird, werden, wurde, wurden, würde, würden, hat, habe, haben, hatte, hatten, hätte, kann,
    können, konnte, könnte, könnten, will, wollen, wollte, soll, sollen, sollte, muss, müssen, musste, darf, dürfen, möchte,
    möchten, mag, lautet, heißt, braucht, brauche, gibt`,
  leaning: `
    an, auf, ab, ein, mit, zu, vor, um, los, nicht, noch, noch nicht, auch, nur, schon, so, dann, das, sie, es, etwas, mehr, viel,
    wie, wo, was, wer, wann, warum, vielleicht, eigentlich, wahrscheinlich, ungefähr, etwa, mal, jetzt, immer, gern, gerne, einfach`,
  answers: `
    nein, nee, nö, nein danke, ja bitte, ja danke, ja gerne, hallo, guten tag, guten morgen, guten abend, grüß gott, moin, nichts,
    keine ahnung, weiß nicht, ich weiß nicht, weiß ich nicht, vielleicht, noch nicht, beides, stopp, halt, wie bitte, entschuldigung,
    was, warum, wer, wo, wann, wie, jetzt, mehr, einfach`,
  presenceChecks: `
    hallo, hallo hallo, hi, hey, sind sie da, sind sie noch da, sind sie noch dran, bist du da, bist du noch da, bist du noch dran,
    noch da, noch dran, ist da jemand, ist da noch jemand, ist jemand da, ist noch jemand da, jemand da, hören sie mich,
    hören sie mich noch, können sie mich hören, hörst du mich, hörst du mich noch, kannst du mich hören, hören sie zu, hallo sie,
    was ist los, was ist denn los, was ist passiert, entschuldigung`,
  greetings: 'guten tag, guten morgen, guten abend, grüß gott, moin, servus, tag, morgen, ja bitte',
  questionWords:
    'was, wo, wer, wen, wem, wann, warum, wieso, wie, welche, welcher, wohin, woher, ob, dass, weil, wenn, bevor, nachdem',
  subordinators: 'wenn, falls, weil, da, obwohl, nachdem, bevor, sobald, während, als',
  pronouns: 'ich, du, er, sie, es, wir, ihr, man, das, dies, mich, dich, ihn, ihm, uns, euch, mir, dir',
  digits: 'null, eins, zwei, zwo, drei, vier, fünf, sechs, sieben, acht, neun',
  numbers: `
    zehn, elf, zwölf, dreizehn, vierzehn, fünfzehn, sechzehn, siebzehn, achtzehn, neunzehn, zwanzig, dreißig, vierzig, fünfzig,
    sechzig, siebzig, achtzig, neunzig, hundert, tausend`,
  identifiers: `
    nummer, bestellnummer, kundennummer, telefonnummer, handynummer, rechnungsnummer, auftragsnummer, bestellung, code, pin,
    postleitzahl, telefon, konto, karte, referenz, vertragsnummer, vorwahl, ziffern`,
  participle: /^(?:\p{L}{0,4}ge\p{L}{2,}|(?:be|ver|er|ent|zer|miss)\p{L}{2,})(?:t|en)$|^\p{L}+iert$/u,
};
