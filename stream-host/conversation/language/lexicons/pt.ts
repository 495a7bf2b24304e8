import type { Lexicon } from '../lexicon.ts';

export const pt: Lexicon = {
  backchannels: `
    mhm, mm, m, mm hm, mm hmm, hm, hmm, aham, ahã, uhum, aha, ah, ah sim, ah tá, oh, okay, ok, o.k, sim, sim sim, é, é isso, isso, isso mesmo,
    tá, tá bom, tá bem, está bem, está bom, certo, exato, exatamente, correto, claro, com certeza, pois, pois é, pois sim, bom, muito bem,
    ótimo, perfeito, legal, beleza, entendo, entendi, percebo, percebi, compreendo, eu sei, sei, já sei, de acordo, verdade, é verdade,
    sério, continue, pode continuar, fixe`,
  fillers: 'eh, hã, ahn, hum, um hum, uh, uhm, hm, hmm, mm, m',
  closers: `
    obrigado, obrigada, muito obrigado, muito obrigada, por favor, se faz favor, tchau, adeus, até logo, até mais, bom dia para você,
    tenha um bom dia, é tudo, é só isso, só isso, mais nada, era só isso, eu acho, acho que sim, acho que não, creio que sim, ou não,
    não é, né, etcétera, e tal, o mais rápido possível, sim sou eu, o que é, o que é isso, como vai, tudo bem, quem é`,
  announcements: `
    espere, espera, um momento, um momentinho, um instante, um segundo, um minuto, só um momento, só um minuto, deixa eu ver, deixe me ver,
    vamos ver, como se diz, o meu número é, meu número é, o número é, número é, o meu nome é, meu nome é, nome é, chamo me, eu me chamo,
    endereço é, morada é, código é, o problema é, problema é, a questão é, a pergunta é, a razão é, é que, eu quero, quero, eu queria,
    queria, eu gostaria, gostaria, eu preciso, preciso, eu tenho, tenho, eu estou, estou, eu tinha, eu estava, eu acho que, eu pensei,
    pode, poderia, você pode, você poderia, o senhor pode, a senhora pode, posso, podia, tem, vocês têm, sabe, há, existe, diga me,
    por exemplo, um pouco, uma espécie, trata se, ou seja, quer dizer, e depois, e então, mas então, o primeiro, a primeira, o último,
    a última, o novo, a nova, o mesmo, a mesma`,
  open: `
    e, ou, mas, porque, pois porque, que, se, quando, embora, enquanto, como, então, portanto, além disso, nem, o, a, os, as, um, uma, uns,
    umas, meu, minha, meus, minhas, teu, tua, seu, sua, seus, suas, nosso, nossa, este, esta, esse, essa, aquele, aquela, do, da, dos, das,
    no, na, nos, nas, ao, à, aos, às, pelo, pela, num, numa, eu, nós, eles, elas, muito, tão, demasiado, cada, cujo, ponto, traço, arroba,
    dobro, senhor, senhora, me, te, lhe, não sei se`,
  prepositions:
    'a, ante, até, com, contra, de, desde, durante, em, entre, para, pra, por, perante, sem, sob, sobre, após, segundo',
  auxiliaries: `
    são, era, eram, foi, foram, sou, és, está, estão, estava, estavam, ter, tinha, tinham, será, seria, vai, vou, vão, ia, pode, podem,
    podia, deve, devem, quer, querem, parece, chama`,
  leaning: `
    é, não, ainda, ainda não, também, só, apenas, mais, menos, muitos, algum, alguma, outro, outra, quê, qual, quem, onde, talvez, quase,
    agora, sempre, você, ele, ela, depois, já, tipo`,
  answers: `
    não, não não, não obrigado, não obrigada, sim obrigado, sim por favor, olá, oi, alô, estou, bom dia, boa tarde, boa noite, nada, nenhum,
    nenhuma, nunca, não sei, sei lá, talvez, ainda não, os dois, ambos, pare, desculpe, desculpa, o quê, como, por quê, porquê, quem, onde,
    quando, qual, mais, agora`,
  presenceChecks: `
    alô, olá, oi, estou, está aí, ainda está aí, você está aí, você ainda está aí, estás aí, ainda estás aí, está lá, tem alguém aí,
    há alguém aí, alguém aí, está me ouvindo, você está me ouvindo, está a ouvir me, está a ouvir, consegue me ouvir,
    consegue ouvir me, me ouve, ouve me, o que aconteceu, o que está acontecendo, o que se passa, com licença, desculpe`,
  greetings: 'bom dia, boa tarde, boa noite',
  questionWords: 'que, quê, quem, onde, quando, como, qual, quais, quanto, quantos, se, porquê',
  subordinators: 'se, porque, embora, enquanto',
  pronouns: 'eu, tu, ele, ela, nós, vós, eles, elas, você, vocês, isso, isto, aquilo, mim, ti',
  digits: 'zero, um, dois, duas, três, quatro, cinco, seis, meia, sete, oito, nove',
  numbers: `
    dez, onze, doze, treze, catorze, quatorze, quinze, dezesseis, dezasseis, dezessete, dezassete, dezoito, dezenove, dezanove, vinte,
    trinta, quarenta, cinquenta, sessenta, setenta, oitenta, noventa, cem, cento, mil`,
  identifiers: `
    número, pedido, encomenda, código, telefone, telemóvel, celular, referência, cliente, conta, cartão, postal, cep, fatura, contrato, reserva`,
};
