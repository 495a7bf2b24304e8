import type { Lexicon } from '../lexicon.ts';

export const fr: Lexicon = {
  backchannels: `
    mhm, mm, m, mm hm, mm hmm, hm, hmm, aha, ah, ah bon, ah oui, ah ok, oh, okay, ok, o.k, d'accord, oui, ouais, ouaip, oui oui, mouais,
    exact, exactement, c'est ça, voilà, tout à fait, bien sûr, absolument, effectivement, en effet, bien, très bien, bon, parfait,
    super, génial, entendu, compris, j'ai compris, je comprends, je vois, je sais, c'est vrai, c'est bon, vraiment, ça marche,
    ça va, certes, allez y, continuez, oui d'accord, oui bien sûr`,
  fillers: 'euh, heu, eu, hum, hein, hm, hmm, mm, m, um, eh, ben, bah',
  closers: `
    merci, merci beaucoup, merci bien, s'il vous plaît, s'il te plaît, au revoir, bonne journée, bonne soirée, à bientôt, c'est tout,
    ce sera tout, rien d'autre, voilà c'est tout, je crois, je pense, je crois que oui, je pense que oui, ou pas, ou non, n'est ce pas,
    et cetera, et tout ça, dès que possible, oui c'est ça, oui je suis là, qu'est ce que c'est, c'est quoi, comment ça va,
    comment allez vous, il y en a, je n'en ai pas, j'en ai`,
  announcements: `
    attendez, attends, un instant, un moment, une seconde, une minute, deux secondes, voyons, voyons voir, laissez moi, laisse moi,
    je regarde, je vais voir, comment dire, comment dirais je, mon numéro est, mon numéro c'est, le numéro est, le numéro c'est,
    numéro est, je m'appelle, mon nom est, mon nom c'est, mon adresse est, mon adresse c'est, adresse est, le code est, le code c'est,
    le problème est, le problème c'est, la question est, ma question est, la raison est, je voudrais, j'aimerais, je veux, je cherche,
    j'ai besoin, j'ai, je suis, je vais, je dois, je peux, j'avais, j'étais, je voulais, je pensais, est ce que, est ce que vous,
    pouvez vous, pourriez vous, vous pouvez, vous pourriez, puis je, je peux, avez vous, vous avez, êtes vous, savez vous, y a t il,
    est il, dites moi, donnez moi, il y a, y a, c'est à dire, par exemple, une sorte, un peu, à propos, et puis, et après, et alors,
    mais alors, le premier, la première, le dernier, la dernière, le nouveau, la nouvelle, parce que, alors que, pour que, bien que,
    c'est pour, c'est que, qu'est ce que, qu'est ce qui`,
  open: `
    et, ou, mais, car, donc, or, ni, que, si, comme, lorsque, quand, puisque, quoique, afin, ainsi, le, la, les, l', un, une, des, du,
    de, d', mon, ma, mes, ton, ta, tes, son, sa, ses, notre, nos, votre, vos, leur, leurs, ce, cet, cette, ces, au, aux, je, j', tu, il,
    on, ils, elles, qu', n', ne, m', t', s', c', se, très, trop, assez, plutôt, chaque, quel, quelle, quels, quelles, qui, dont,
    point, tiret, arobase, monsieur, madame, afin de, alors`,
  prepositions: `
    à, dans, par, pour, en, vers, avec, sans, sous, sur, entre, chez, contre, depuis, pendant, malgré, selon, jusque, jusqu'à, dès,
    concernant, devant, derrière, après, avant, parmi`,
  auxiliaries: `
    est, c'est, suis, es, sont, était, étaient, sera, serait, a, ai, as, avons, avez, ont, avait, avaient, aura, aurait, peut, peux,
    peuvent, pouvait, pourrait, veut, veux, voulait, voudrait, doit, dois, doivent, devait, devrait, va, vais, vont, s'appelle`,
  leaning: `
    pas, plus, pas encore, encore, aussi, même, seulement, juste, déjà, plusieurs, quelques, autre, autres, où, quoi, comment, pourquoi,
    combien, peut être, enfin, environ, presque, toujours, vous, nous, elle, puis, là`,
  answers: `
    non, nan, non merci, oui merci, oui s'il vous plaît, si, bonjour, bonsoir, allô, salut, rien, aucun, aucune, jamais, je ne sais pas,
    je sais pas, aucune idée, peut être, pas encore, pas vraiment, les deux, stop, pardon, excusez moi, quoi, comment, pourquoi, qui,
    où, quand, combien, plus, encore`,
  presenceChecks: `
    allô, allo, bonjour, êtes vous là, vous êtes là, êtes vous toujours là, vous êtes toujours là, vous êtes encore là, tu es là,
    tu es toujours là, t'es là, il y a quelqu'un, y a quelqu'un, quelqu'un, m'entendez vous, vous m'entendez, vous m'entendez toujours,
    est ce que vous m'entendez, est ce que vous êtes là, tu m'entends, vous m'écoutez, que se passe t il, qu'est ce qui se passe,
    excusez moi`,
  greetings: 'bonsoir, salut',
  questionWords: 'qui, que, quoi, où, quand, comment, pourquoi, combien, quel, quelle, quels, quelles, si, ce',
  subordinators: 'si, lorsque, puisque, comme, dès, parce',
  pronouns: 'je, tu, il, elle, on, nous, vous, ils, elles, ça, cela, lui, moi, toi, eux, y, en',
  digits: 'zéro, un, deux, trois, quatre, cinq, six, sept, huit, neuf',
  numbers: `
    dix, onze, douze, treize, quatorze, quinze, seize, vingt, trente, quarante, cinquante, soixante, septante, huitante, nonante,
    cent, cents, mille`,
  identifiers: `
    numéro, commande, code, téléphone, portable, référence, dossier, client, compte, carte, postal, facture, contrat, réservation, chiffres`,
};
