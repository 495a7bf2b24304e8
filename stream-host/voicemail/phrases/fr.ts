import type { CueLists } from '../cue-lists.ts';

export const fr: CueLists = {
  voicemail: `
    laissez un message, laissez-moi un message, laissez moi un message, laissez-nous un message,
    laissez nous un message, laisser un message, laissez votre message, laisser votre message, laisse un message,
    laisse-moi un message, laisse moi un message, laissez vos coordonnées, laissez votre nom, après le bip,
    après le signal, après le bip sonore, après le signal sonore, au bip, dès le bip, messagerie,
    messagerie vocale, boîte vocale, répondeur, message vocal, ne suis pas disponible pour le moment laissez,
    ne peux pas répondre, ne peux pas vous répondre, ne peux pas te répondre, ne pouvons pas répondre,
    ne pouvons pas vous répondre, ne peut pas répondre, ne peux pas prendre, ne pouvons pas prendre,
    vous rappellerai, te rappellerai, vous rappellerons, vous rappelle, te rappelle, rappellerai dès,
    dès que possible, enregistrez votre message`,
  unavailable: `
    numéro que vous avez composé, numéro que vous avez demandé, le numéro composé, numéro n'est plus attribué,
    n'est pas attribué, n'est plus attribué, plus en service, n'est pas en service, n'est pas joignable,
    pas joignable, ne peut être joint, ne peut pas être joint, votre correspondant, le correspondant, l'abonné,
    veuillez rappeler, rappeler ultérieurement, rappelez ultérieurement, réessayer plus tard,
    renouveler votre appel, n'est pas accessible, ne peut aboutir, injoignable, lignes sont occupées,
    momentanément indisponible`,
  menu: `
    tapez un, tapez deux, tapez 1, tapez 2, tapez 3, tapez le, tapez sur, appuyez sur, faites le, faites un,
    composez le, composez le 1, saisissez, veuillez saisir, veuillez composer, menu principal, options suivantes,
    choix suivants, touche dièse, touche étoile, dites, en quelques mots, dites-nous, dites nous, pour le service,
    pour joindre, pour parler à, pour le français, si vous souhaitez, si vous connaissez`,
  recorded: `
    vous êtes bien sur, êtes bien sur le, votre appel est, votre appel peut, être enregistré, être enregistrée,
    susceptible d'être, à des fins, ne suis pas disponible, ne suis pas là, ne sommes pas disponibles,
    ne quittez pas nous, tous nos conseillers, nos bureaux sont, nos horaires, sommes fermés, je suis absent,
    je suis absente, nous sommes absents, suis absent`,
  formal: `
    vous êtes bien chez, vous êtes sur, vous avez joint, vous êtes en relation, n'est pas disponible,
    pas disponible pour, absent, absente, veuillez patienter, bienvenue chez, bienvenue à, merci d'avoir appelé,
    merci de votre appel`,
  person: `
    qui est à l'appareil, qui est-ce, qui est ce, c'est qui, c'est de la part de qui, de la part de qui,
    à qui ai-je, j'écoute, je vous écoute, à l'appareil, lui-même, elle-même, que puis-je faire, en quoi puis-je,
    comment puis-je vous aider, puis-je vous aider, je peux vous aider, allô allô, oui allô, allô oui, oui bonjour,
    vous m'entendez, tu m'entends, un instant, une seconde, deux secondes, c'est toi, je suis en réunion,
    je conduis`,
};
