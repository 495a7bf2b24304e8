import type { CueLists } from '../cue-lists.ts';

export const de: CueLists = {
  voicemail: `
    nachricht hinterlassen, eine nachricht hinterlassen, hinterlassen sie, hinterlasst, hinterlass eine,
    hinterlass mir, hinterlassen sie uns, nachricht nach dem, nach dem ton, nach dem signalton, nach dem piepton,
    nach dem pfeifton, nach dem piep, nach dem signal, mailbox, anrufbeantworter, sprachbox, voicemail,
    sprachnachricht, sprechen sie nach, sprechen sie bitte nach, sprecht nach, auf das band, aufs band,
    nicht ans telefon, nicht ans telefon gehen, nicht ans telefon kommen, anruf nicht entgegennehmen,
    anruf leider nicht, nicht persönlich entgegennehmen, rufe sie zurück, rufen sie zurück, rufe zurück,
    rufen zurück, rufe dich zurück, rufe so bald, melde mich, melden uns, melde mich so,
    namen und ihre telefonnummer, namen und ihre nummer, name und nummer, ihren namen und,
    außerhalb unserer geschäftszeiten, außerhalb unserer öffnungszeiten, außerhalb unserer bürozeiten,
    verpasster anruf, person die sie anrufen ist`,
  unavailable: `
    kein anschluss unter, unter dieser nummer, diese rufnummer ist, die gewählte rufnummer, die gewählte nummer,
    gewählte rufnummer, gewählte nummer, rufnummer ist nicht, nummer ist nicht, nicht vergeben,
    zurzeit nicht erreichbar, zur zeit nicht erreichbar, vorübergehend nicht erreichbar, ist nicht erreichbar,
    gewünschte gesprächspartner, gewünschter gesprächspartner, teilnehmer ist, der teilnehmer, der angerufene,
    der gewünschte, der von ihnen gewählte, person ist vorübergehend, versuchen sie es später,
    versuchen sie es zu einem, rufen sie später, the person you have called, ausgeschaltet, bitte fragen sie,
    auskunft, überlastet, anschluss ist vorübergehend`,
  menu: `
    drücken sie die, drücken sie, dann die, wählen sie die, wählen sie bitte, bitte wählen sie, geben sie ihre,
    geben sie bitte, bitte geben sie, bitte nennen sie, nennen sie, sagen sie bitte, sagen sie einfach,
    bitte sagen sie, in wenigen worten, hauptmenü, folgenden optionen, folgenden möglichkeiten, für deutsch,
    für den vertrieb, für den kundenservice, für technische, für fragen zu, die eins, die zwei, die drei, die 1,
    die 2, die 3, raute taste, rautetaste, sterntaste, die raute`,
  recorded: `
    ihr anruf ist, ihr anruf wird, anruf ist uns wichtig, wird aufgezeichnet, zu schulungszwecken,
    zur qualitätssicherung, bin nicht da, alle mitarbeiter, alle leitungen, nächste freie, weitergeleitet,
    öffnungszeiten, geschäftszeiten, bürozeiten, geschlossen, bin nicht erreichbar, sind nicht erreichbar,
    bin ich nicht erreichbar, bin im urlaub, bin zurzeit nicht, bin zur zeit nicht, bin im moment nicht,
    bin derzeit nicht, bin leider nicht, sind wir nicht, bleiben sie in der leitung`,
  formal: `
    sie haben den anschluss, anschluss von, sie sind verbunden mit, sind verbunden mit, haben erreicht,
    nicht erreichbar, nicht zu erreichen, leider nicht da, nicht zu hause, nicht im büro, im urlaub, derzeit nicht,
    momentan nicht, im moment nicht, zur zeit nicht, zurzeit nicht, bitte warten, bleiben sie, willkommen bei,
    vielen dank für ihren anruf, danke für ihren anruf`,
  person: `
    am apparat, wer ist da, wer spricht, wer ist dran, wer ist denn da, mit wem spreche, was kann ich für sie tun,
    wie kann ich helfen, wie kann ich ihnen helfen, womit kann ich, kann ich ihnen helfen, hallo hallo, ja hallo,
    hallo ja, ja bitte, können sie mich hören, hören sie mich, ich höre, moment bitte, einen moment,
    einen augenblick, worum geht es, worum geht's, ja was gibt's, was gibt's, ist da jemand, ich bin gerade,
    bist du das`,
};
