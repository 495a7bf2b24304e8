import type { CueLists } from '../cue-lists.ts';

export const nl: CueLists = {
  voicemail: `
    laat een bericht, laat een boodschap, laat uw bericht, laat je bericht, laat dan een, een bericht achter,
    een boodschap achter, bericht achterlaten, boodschap achterlaten, bericht inspreken, boodschap inspreken,
    spreek een bericht, spreek een boodschap, spreek uw bericht, spreek uw boodschap, spreek je bericht,
    spreek in na, na de piep, na de toon, na de pieptoon, na het signaal, voicemail, antwoordapparaat,
    voicemailbox, kan de telefoon niet, kan nu niet opnemen, kan niet opnemen, niet aan de telefoon komen,
    niet opnemen, bel u terug, bel je terug, bellen u terug, bel ik u, bel ik je, bellen wij u,
    zo spoedig mogelijk terug, zo snel mogelijk terug, uw naam en, je naam en`,
  unavailable: `
    nummer dat u heeft gekozen, nummer dat u gekozen heeft, nummer dat u belt, nummer is niet in gebruik,
    niet in gebruik, is niet bereikbaar, niet bereikbaar, tijdelijk niet bereikbaar, nummer is niet,
    niet aangesloten, abonnee, de persoon die u belt is niet, telefoon staat uit, staat uitgeschakeld,
    is uitgeschakeld, probeer het later, later opnieuw, belt u later, buiten gebruik, lijnen zijn bezet`,
  menu: `
    toets een, toets twee, toets drie, toets 1, toets 2, toets 3, toets uw, toets dan, toets nu, druk op, druk een,
    kies een, kies 1, kies 2, voer uw, toets het, sluit af met, hekje, sterretje, hoofdmenu, volgende opties,
    keuzemenu, maak uw keuze, maak een keuze, zeg het, in een paar woorden, in uw eigen woorden, voor nederlands,
    voor verkoop, voor klantenservice, voor vragen over, voor overige`,
  recorded: `
    dit is de voicemail, u spreekt met de voicemail, uw gesprek kan, gesprek kan worden, wordt opgenomen,
    worden opgenomen, ik ben er niet, ben er even niet, blijf aan de lijn, blijft u aan, al onze medewerkers,
    openingstijden, we zijn gesloten, wij zijn gesloten, ben niet aanwezig, ben niet thuis, ben niet beschikbaar,
    ben op vakantie, zijn niet aanwezig, zijn op vakantie, ben op dit moment niet, ben momenteel niet`,
  formal: `
    u bent verbonden met, bent verbonden met, u heeft gebeld, je hebt gebeld, niet aanwezig, niet thuis,
    niet beschikbaar, op dit moment niet, momenteel niet, op vakantie, een ogenblik geduld, welkom bij,
    bedankt voor het bellen`,
  person: `
    met wie spreek, wie is dit, wie is daar, spreekt u mee, waarmee kan ik, waar kan ik, hoe kan ik,
    kan ik u helpen, wat kan ik voor, hoort u mij, hoor je me, hallo hallo, ja hallo, hallo ja, zegt u het maar,
    zeg het maar, ogenblikje, momentje, een momentje, met wie, ben jij het, spreek je mee, ik zit in, ik rijd`,
};
