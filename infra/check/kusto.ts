import { createRequire } from 'node:module';

/**
 * Microsoft's own parser and binder of the Kusto query language. It is one global object, made from C#; its own
 * declarations are two megabytes, of which this is what is used.
 */
interface KustoModule {
  readonly Language: {
    readonly KustoCode: {
      ParseAndAnalyze(query: string, globals: Globals): { GetDiagnostics(): Diagnostics };
    };
    readonly GlobalState: { readonly Default: Globals };
    readonly Symbols: {
      readonly TableSymbol: { readonly $ctor7: new (name: string, columns: string, about: null) => TableSymbol };
      readonly DatabaseSymbol: {
        readonly $ctor1: new (name: string, tables: readonly TableSymbol[]) => DatabaseSymbol;
      };
    };
  };
}
interface Globals {
  WithDatabase(database: DatabaseSymbol): Globals;
}
interface TableSymbol {
  readonly Name: string;
}
interface DatabaseSymbol {
  readonly Name: string;
}
interface Diagnostics {
  readonly Count: number;
  getItem(index: number): {
    readonly Severity: string;
    readonly Code: string;
    readonly Message: string;
    readonly Start: number;
  };
}

declare global {
  var Kusto: KustoModule;
}

export interface QueryProblem {
  /** Of the query, from 1 on. */
  readonly line: number;
  readonly text: string;
}

/** Checks queries against the tables of a workspace. */
export class QueryChecker {
  readonly #globals: Globals;

  constructor(tables: Readonly<Record<string, Readonly<Record<string, string>>>>) {
    const require = createRequire(import.meta.url);
    require('@kusto/language-service-next/bridge.min.js');
    require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
    const { GlobalState, Symbols } = globalThis.Kusto.Language;
    const symbols = Object.entries(tables).map(([name, columns]) => {
      const list = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
      return new Symbols.TableSymbol.$ctor7(name, `(${list.join(', ')})`, null);
    });
    this.#globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1('workspace', symbols));
  }

  /** What is wrong with a query, be it only suspicious. */
  problemsOf(query: string): QueryProblem[] {
    const found = globalThis.Kusto.Language.KustoCode.ParseAndAnalyze(query, this.#globals).GetDiagnostics();
    return Array.from({ length: found.Count }, (_, index) => found.getItem(index))
      .filter(({ Severity }) => Severity === 'Error' || Severity === 'Warning')
      .map(({ Code, Message, Start }) => ({
        line: query.slice(0, Start).split('\n').length,
        text: `${Code}: ${Message.replace(/\.$/, '')}`,
      }));
  }
}
