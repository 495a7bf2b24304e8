import type { CueLists } from '../cue-lists.ts';

export const it: CueLists = {
  voicemail: `
    lasciate un messaggio, lasci un messaggio, lascia un messaggio, lasciare un messaggio, lasciatemi un messaggio,
    lasciami un messaggio, lasciate il vostro messaggio, lasci il suo messaggio, lasci il suo nome,
    lasciate il vostro nome, lasciare il vostro, dopo il segnale, dopo il bip, dopo il tono,
    dopo il segnale acustico, al segnale, segreteria, segreteria telefonica, casella vocale, messaggio vocale,
    non posso rispondere, non possiamo rispondere, non può rispondere, non posso prendere, vi richiamerò,
    la richiamerò, ti richiamerò, vi richiameremo, la richiameremo, sarete richiamati, appena possibile,
    il prima possibile, registrate il vostro`,
  unavailable: `
    numero da lei selezionato, numero da lei composto, numero selezionato, numero composto, numero chiamato,
    è inesistente, inesistente, non è attivo, non attivo, non è raggiungibile, non raggiungibile,
    non è al momento raggiungibile, utente da lei chiamato, l'utente, il cliente da lei chiamato, cliente da lei,
    potrebbe avere il telefono spento, telefono spento, è spento, si prega di riprovare, riprovare più tardi,
    la preghiamo di riprovare, richiamare più tardi, linee sono occupate, fuori servizio`,
  menu: `
    prema uno, prema due, prema il, premere uno, premere due, premere il, premi il, premi uno, prema 1, prema 2,
    premere 1, premere 2, premi 1, digiti il, digitare il, digiti, digita, digitare, selezioni, seguenti opzioni,
    menù principale, menu principale, tasto cancelletto, tasto asterisco, cancelletto, dica, in poche parole,
    per assistenza, per parlare con, per informazioni, se conosce, scelga`,
  recorded: `
    risponde la segreteria, la sua chiamata, la vostra chiamata, chiamata è importante, potrebbe essere registrata,
    sarà registrata, non sono disponibile, non siamo disponibili, non sono in casa, non siamo in casa, orari di,
    gli uffici sono, siamo chiusi, resti in linea, restate in linea, tutti i nostri operatori, al momento non sono,
    al momento non siamo, in questo momento non sono, in questo momento non siamo`,
  formal: `
    avete chiamato, ha chiamato, hai chiamato, siete in linea con, è in linea con, non è disponibile,
    al momento non, in questo momento non, attendere in linea, benvenuti in, benvenuto in,
    grazie per aver chiamato`,
  person: `
    chi parla, chi è, con chi parlo, chi la desidera, mi dica, dica pure, mi sente, mi senti, pronto pronto,
    sì pronto, pronto sì, pronto chi, come posso aiutarla, come posso aiutarti, posso aiutarla, in cosa posso,
    cosa desidera, sono io, al telefono, un attimo, un momento, aspetti un attimo, sei tu, sto guidando`,
};
