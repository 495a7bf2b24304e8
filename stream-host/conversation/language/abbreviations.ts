/** Abbreviations of each language, lower case, without their full stop. A full stop after one ends no sentence. */
const ABBREVIATIONS: Readonly<Record<string, string>> = {
  en: `dr mr mrs ms prof sr jr st no nos vs etc eg ie inc ltd co corp llc ave blvd rd apt approx dept est ext fig gen gov
    hon hr hrs jan feb aug sept oct nov dec lb max min mt pp rev sgt tel vol`,
  de: `dr prof hr fr nr str tel bzw ca usw evtl ggf inkl exkl zzgl vgl max min mio mrd std sog bspw etc st abs art bd jan
    feb okt nov dez dipl ing med geb gest ugs zb dh ua`,
  fr: 'dr me mm mme mlle av bd boul env etc ex tél no max min janv févr juil sept oct nov déc cf réf apr',
  es: 'sr sra sres srta dr dra ud uds vd vds av avda núm nro pág tel aprox etc ej lic ing prof máx mín dpto izq dcha',
  it: 'sig sigg dott prof ing avv geom ecc pag tel ca es art num max min gen feb ott nov dic spett gent',
  nl: 'dhr mevr mw dr drs ing ir nr bijv ca enz tel blz str max min prof st jl incl excl evt jan feb okt nov',
  pt: 'sr sra srta dr dra av exmo exma núm tel pág etc aprox prof máx mín ex eng depto ltda',
};

const TABLE: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(ABBREVIATIONS).map(([code, words]) => [code, new Set(words.split(/\s+/))]),
);
const NONE: ReadonlySet<string> = new Set();

/** Languages that write an ordinal as a number with a full stop: "3. Mai". */
const ORDINALS = new Set('de da nb nn no fi is cs sk pl hu sl hr sr bs lv et tr'.split(' '));
/** Languages that part sentences and clauses by a space, and words not at all. */
const SPACED = new Set('th lo km my'.split(' '));

/** How a language writes, as far as cutting sentences needs it. */
export interface Writing {
  readonly abbreviations: ReadonlySet<string>;
  /** Short numbers before a full stop may be ordinals. */
  readonly ordinalStop: boolean;
  readonly spaceEndsClause: boolean;
}

/** Where the language is not known, English abbreviations hold and any short number may be an ordinal. */
export function writingOf(locale: string): Writing {
  const code = locale.toLowerCase().split(/[-_]/)[0] ?? '';
  const isKnown = code !== '' && code !== 'und';
  return {
    abbreviations: TABLE.get(isKnown ? code : 'en') ?? NONE,
    ordinalStop: !isKnown || ORDINALS.has(code),
    spaceEndsClause: SPACED.has(code),
  };
}
