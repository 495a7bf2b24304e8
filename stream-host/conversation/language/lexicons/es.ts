import type { Lexicon } from '../lexicon.ts';

export const es: Lexicon = {
  backchannels: `
    mhm, mm, m, mm hm, mm hmm, hm, hmm, aha, ajá, ah, ah ya, ah sí, oh, okay, ok, o.k, okey, vale, vale vale, sí, sí sí, si, sip, ya,
    ya ya, claro, claro que sí, exacto, exactamente, correcto, así es, eso es, eso, efectivamente, bien, muy bien, bueno, perfecto,
    genial, estupendo, entiendo, entendido, comprendo, ya veo, lo sé, ya sé, de acuerdo, por supuesto, desde luego, cierto, es verdad,
    de verdad, seguro, qué bien, siga, continúe, dale`,
  fillers: 'eh, em, ehm, um, uh, hm, hmm, mm, m, este',
  closers: `
    gracias, muchas gracias, mil gracias, por favor, adiós, chao, hasta luego, hasta pronto, buen día, que tenga buen día, eso es todo,
    es todo, nada más, sería todo, creo, creo que sí, creo que no, pienso que sí, o no, verdad, no es así, etcétera, y eso, y todo eso,
    lo antes posible, sí soy yo, qué es, qué es eso, cómo está, qué tal, cómo estás, quién es`,
  announcements: `
    espere, espera, un momento, un momentito, un segundo, un minuto, déjeme, déjeme ver, déjame, déjame ver, a ver, vamos a ver, veamos,
    cómo se dice, cómo le digo, mi número es, el número es, número es, me llamo, mi nombre es, nombre es, mi dirección es, dirección es,
    código es, el problema es, problema es, la cosa es, la pregunta es, mi pregunta es, la razón es, es que, quiero, quisiera, querría,
    me gustaría, necesito, busco, estoy buscando, tengo, tenía, estoy, quería, pensaba, puede, podría, me puede, me podría, puedo,
    podría decirme, puede decirme, tiene, tienen, sabe, hay, dígame, deme, por ejemplo, una especie, un poco, se trata, o sea,
    es decir, y luego, y entonces, pero entonces, el primero, la primera, el último, la última, el nuevo, la nueva, el mismo, la misma`,
  open: `
    y, e, o, u, pero, porque, pues, sino, que, cuando, aunque, mientras, como, si no, entonces, así que, además,
    el, la, los, las, un, una, unos, unas, mi, mis, tu, tus, su, sus, nuestro, nuestra, nuestros, vuestro, esta, estos, ese, esa,
    aquel, del, al, lo, yo, nosotros, ellos, muy, tan, demasiado, cada, cuyo, punto, guion, arroba, doble, señor, señora, se, me, te, le,
    les, nos, ni, no sé si`,
  prepositions: `
    a, ante, bajo, con, contra, de, desde, durante, en, entre, hacia, hasta, para, por, según, sin, sobre, tras, mediante`,
  auxiliaries: `
    es, son, era, eran, fue, soy, eres, está, están, estaba, he, ha, has, han, hemos, había, habían, sería, será, va, voy, van, iba,
    puede, pueden, podía, debe, deben, quiere, quieren, parece, llama`,
  leaning: `
    no, todavía, todavía no, aún, aún no, también, sólo, solo, más, menos, mucho, muchos, algo, algún, alguna, otro, otra, qué, cuál,
    quién, cuándo, dónde, cómo, quizás, tal vez, casi, ahora, siempre, usted, él, ella, luego`,
  answers: `
    no, no no, no gracias, sí gracias, sí por favor, hola, buenos días, buenas tardes, buenas noches, buenas, aló, diga, nada, ninguno,
    ninguna, nunca, no sé, no lo sé, ni idea, quizás, tal vez, todavía no, los dos, ambos, alto, para, perdón, disculpe, qué, cómo,
    por qué, quién, dónde, cuándo, más, ahora`,
  presenceChecks: `
    hola, aló, bueno, oiga, oye, diga, está ahí, sigue ahí, estás ahí, sigues ahí, está usted ahí, sigue usted ahí, hay alguien,
    hay alguien ahí, alguien ahí, me oye, me oyes, me escucha, me escuchas, puede oírme, puedes oírme, me puede oír, me puede escuchar,
    se ha cortado, qué pasa, qué ha pasado, qué pasó, disculpe, perdone`,
  greetings: 'buenos días, buenas tardes, buenas noches, buenas, dígame',
  questionWords: 'qué, quién, dónde, cuándo, cómo, cuál, cuáles, cuánto, cuánta, cuántos, si',
  subordinators: 'si, porque, aunque, mientras',
  pronouns: 'yo, tú, él, ella, ello, nosotros, ustedes, usted, ellos, ellas, eso, esto, mí, ti',
  digits: 'cero, uno, una, dos, tres, cuatro, cinco, seis, siete, ocho, nueve',
  numbers: `
    diez, once, doce, trece, catorce, quince, dieciséis, diecisiete, dieciocho, diecinueve, veinte, veintiuno, veintidós, veintitrés,
    treinta, cuarenta, cincuenta, sesenta, setenta, ochenta, noventa, cien, ciento, mil`,
  identifiers: `
    número, pedido, orden, código, teléfono, móvil, celular, referencia, cliente, cuenta, tarjeta, postal, factura, contrato, reserva, cifras`,
};
