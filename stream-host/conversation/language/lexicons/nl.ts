import type { Lexicon } from '../lexicon.ts';

export const nl: Lexicon = {
  backchannels: `
    mhm, mm, m, mm hm, mm hmm, hm, hmm, aha, ah, oh, ach, ach zo, o, okay, oké, ok, o.k, oke, ja, jaja, ja ja, jawel, jep, juist,
    precies, klopt, dat klopt, inderdaad, goed, heel goed, prima, mooi, leuk, top, perfect, helder, duidelijk, begrepen,
    ik begrijp het, begrijp ik, ik snap het, snap ik, natuurlijk, zeker, tuurlijk, echt, is goed, dat is goed, in orde, ga door,
    ja precies, ja hoor, ik weet het, weet ik`,
  fillers: 'eh, ehm, euh, uh, uhm, um, em, hm, hmm, mm, m, erm',
  closers: `
    dank je, dank je wel, dank u, dank u wel, dankjewel, bedankt, hartelijk dank, alsjeblieft, alstublieft, graag gedaan, doei, dag,
    tot ziens, fijne dag, dat was het, dat is alles, dat was alles, meer niet, verder niets, denk ik, geloof ik, ik denk het wel,
    of zo, of niet, toch, enzovoort, ja dat is het, ja dat ben ik, zo snel mogelijk, hoe gaat het, wie is daar, wat is dat`,
  announcements: `
    momentje, een moment, een momentje, een ogenblik, ogenblikje, wacht even, wacht, even kijken, eens kijken, laat me, laat me even,
    een seconde, hoe zeg je dat, hoe heet het, mijn nummer is, het nummer is, nummer is, mijn naam is, naam is, adres is, code is,
    postcode is, het probleem is, probleem is, de vraag is, vraag is, het zit zo, ik wil, ik wil graag, ik wou, ik wilde,
    ik zou graag, ik zou, ik heb, ik ben, ik zoek, ik moet, ik kan, ik denk, ik bedoel, ik dacht, kunt u, kun je, kan ik, mag ik,
    heeft u, heb je, hebt u, bent u, weet u, is er, zijn er, er is, er zijn, kunt u mij, zegt u, bijvoorbeeld, een paar, een beetje,
    het gaat om, dat wil zeggen, en dan, maar dan, en toen, de eerste, de tweede, de laatste, het laatste, de nieuwe`,
  open: `
    en, of, maar, want, omdat, dat, als, indien, hoewel, terwijl, zodat, voordat, nadat, dus, daarom, ofwel, de, het, een, 'n, mijn, m'n,
    jouw, je, uw, zijn, haar, ons, onze, hun, geen, ik, wij, we, hij, ze, zeer, heel, erg, elke, ieder, deze, welke, wiens, punt,
    streepje, dubbel, meneer, mevrouw, om te, te, wegens, vanwege`,
  prepositions: `
    van, voor, bij, naar, met, uit, tussen, tegen, zonder, sinds, tot, onder, achter, naast, ondanks, volgens, per, tijdens, rond`,
  auxiliaries: `
    is, zijn, was, waren, ben, bent, wordt, worden, werd, werden, heeft, heb, hebt, hebben, had, hadden, kan, kunt, kunnen, kon, wil,
    willen, zou, zouden, zal, zullen, moet, moeten, mag, mogen, heet, luidt`,
  leaning: `
    aan, op, af, in, om, over, mee, door, toe, terug, niet, nog niet, nog, ook, alleen, al, zo, dan, iets, meer, veel, hoe, waar, wat,
    wie, wanneer, waarom, misschien, eigenlijk, ongeveer, even, nu, altijd, graag, gewoon, die`,
  answers: `
    nee, neen, nee dank je, nee dank u, nee bedankt, ja graag, ja alsjeblieft, hallo, hoi, goedemorgen, goedemiddag, goedenavond, niets,
    geen idee, weet ik niet, ik weet het niet, misschien, nog niet, allebei, stop, sorry, pardon, wat, waarom, wie, waar, wanneer, hoe,
    nu, meer, graag`,
  presenceChecks: `
    hallo, hallo hallo, hoi, hé, bent u daar, bent u er nog, bent u daar nog, ben je daar, ben je er nog, nog daar, is daar iemand,
    is er iemand, is er nog iemand, iemand, hoort u mij, hoort u me, hoor je mij, hoor je me, kunt u mij horen, kunt u me horen,
    kun je mij horen, kun je me horen, luistert u, wat gebeurt er, wat is er aan de hand, pardon`,
  greetings: 'goedemorgen, goedemiddag, goedenavond, goedendag',
  questionWords: 'wat, waar, wie, wanneer, waarom, hoe, welke, of, dat, omdat, als, voordat, nadat, hoeveel',
  subordinators: 'als, indien, omdat, hoewel, nadat, voordat, zodra, terwijl, toen',
  pronouns: 'ik, jij, je, u, hij, zij, ze, het, wij, we, dat, dit, die, mij, me, hem, haar, ons, er',
  digits: 'nul, een, één, twee, drie, vier, vijf, zes, zeven, acht, negen',
  numbers: `
    tien, elf, twaalf, dertien, veertien, vijftien, zestien, zeventien, achttien, negentien, twintig, dertig, veertig, vijftig,
    zestig, zeventig, tachtig, negentig, honderd, duizend`,
  identifiers: `
    nummer, bestelnummer, ordernummer, klantnummer, telefoonnummer, factuurnummer, bestelling, code, pincode, postcode, telefoon,
    rekening, kaart, referentie, cijfers`,
  participle: /^\p{L}{0,4}ge\p{L}{2,}(?:t|d|en)$|^(?:be|ver|ont|her)\p{L}{2,}(?:t|d|en)$/u,
};
