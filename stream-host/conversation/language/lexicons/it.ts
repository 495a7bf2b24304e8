import type { Lexicon } from '../lexicon.ts';

export const it: Lexicon = {
  backchannels: `
    mhm, mm, m, mm hm, mm hmm, hm, hmm, aha, ah, ah sì, ah ecco, oh, okay, ok, o.k, okei, sì, sì sì, si, già, esatto, esattamente, giusto,
    certo, certamente, ecco, infatti, appunto, bene, molto bene, va bene, benissimo, ottimo, perfetto, bello, capito, ho capito, capisco,
    vedo, lo so, d'accordo, ovvio, naturalmente, assolutamente, vero, davvero, è vero, chiaro, prego, continui, vada avanti`,
  fillers: 'eh, ehm, em, uhm, um, uh, hm, hmm, mm, m, mah, beh, boh',
  closers: `
    grazie, grazie mille, tante grazie, molte grazie, per favore, per piacere, per cortesia, arrivederci, ciao, buona giornata,
    buona serata, è tutto, questo è tutto, nient'altro, basta così, credo, penso, credo di sì, penso di sì, credo di no, o no, vero,
    giusto, eccetera, e così via, il prima possibile, sì sono io, che cos'è, cos'è, come va, come sta, chi è`,
  announcements: `
    aspetti, aspetta, un attimo, un attimino, un momento, un secondo, un minuto, vediamo, fammi vedere, mi faccia vedere, mi lasci,
    come si dice, come dire, il mio numero è, il numero è, numero è, mi chiamo, il mio nome è, nome è, l'indirizzo è, indirizzo è,
    codice è, il problema è, problema è, il fatto è, la domanda è, la ragione è, è che, vorrei, voglio, volevo, ho bisogno, cerco,
    sto cercando, ho, avevo, sono, devo, posso, potrei, può, potrebbe, mi può, mi potrebbe, ha, avete, sa, c'è, ci sono, mi dica, mi dia,
    per esempio, ad esempio, una specie, un po', si tratta, cioè, vale a dire, e poi, ma poi, e allora, il primo, la prima, l'ultimo,
    l'ultima, il nuovo, la nuova, lo stesso, la stessa, vorrei sapere, volevo sapere`,
  open: `
    e, ed, o, oppure, ma, però, perché, che, se, quando, siccome, mentre, anche se, quindi, dunque, allora, inoltre, né, il, lo, la, i, gli,
    le, l', un, uno, una, un', mio, mia, miei, mie, tuo, tua, suo, sua, suoi, nostro, nostra, vostro, vostra, loro, questi, quel,
    quella, quei, del, della, dello, dell', dei, degli, delle, al, alla, allo, all', ai, agli, alle, dal, dalla, dall', dai, nel, nella,
    nell', nei, sul, sulla, sull', sui, io, noi, molto, troppo, ogni, cui, punto, trattino, chiocciola, doppio, signor, signora, si, mi, ti,
    ci, ne, non, come`,
  prepositions:
    'a, ad, con, da, di, in, per, su, tra, fra, senza, verso, durante, contro, secondo, sotto, sopra, dopo, prima di, riguardo',
  auxiliaries: `
    è, sono, era, erano, sei, siamo, siete, stato, sta, sto, stanno, stava, ho, hai, ha, hanno, abbiamo, aveva, avevano, sarà, sarebbe, va,
    vado, vanno, può, possono, poteva, potrebbe, deve, devono, vuole, vogliono, chiama, sembra`,
  leaning: `
    ancora, non ancora, anche, solo, soltanto, più, meno, tanto, tanti, qualche, altro, altra, cosa, chi, dove, quale, quanto, forse,
    magari, quasi, circa, adesso, sempre, lei, lui, poi, tipo`,
  answers: `
    no, no no, no grazie, sì grazie, sì per favore, pronto, salve, buongiorno, buonasera, niente, nulla, nessuno, nessuna, mai, non so,
    non lo so, forse, non ancora, tutti e due, entrambi, fermo, basta, scusi, come, cosa, perché, chi, dove, quando, quale, quanto, adesso`,
  presenceChecks: `
    pronto, ciao, ehi, è ancora lì, è lì, c'è, c'è ancora, sei lì, sei ancora lì, ci sei, ci sei ancora, è in linea,
    è ancora in linea, c'è qualcuno, c'è nessuno, qualcuno, mi sente, mi senti, mi sente ancora, riesce a sentirmi, può sentirmi,
    mi ascolta, cosa succede, che succede, che cosa è successo, mi scusi`,
  greetings: 'salve, buongiorno, buonasera',
  questionWords: 'che, cosa, chi, dove, quando, come, perché, quale, quali, quanto, quanti, se, dov',
  subordinators: 'se, siccome, mentre, appena, poiché',
  pronouns: 'io, tu, lui, lei, noi, voi, loro, questo, quello, ciò, me, te',
  digits: 'zero, uno, due, tre, quattro, cinque, sei, sette, otto, nove',
  numbers: `
    dieci, undici, dodici, tredici, quattordici, quindici, sedici, diciassette, diciotto, diciannove, venti, trenta, quaranta, cinquanta,
    sessanta, settanta, ottanta, novanta, cento, mille, mila`,
  identifiers: `
    numero, ordine, codice, telefono, cellulare, riferimento, pratica, cliente, conto, carta, postale, fattura, contratto, prenotazione, cifre`,
};
