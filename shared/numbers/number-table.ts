import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { PartyId } from '../carrier/carrier.ts';
import { partyId } from '../carrier/party-id.ts';
import { ConfigError, messageOf } from '../errors.ts';
import { agentName } from '../http/routes/agents.ts';
import { type StreamingMode, streamingMode } from '../modes/streaming-modes.ts';

/** The one file of the agents' folder that is no agent. */
export const NUMBERS_FILE = 'numbers.yaml';

const language = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?-([A-Z]{2}|\d{3})$/, 'must be a language with its region, such as de-DE');

const entry = z.strictObject({
  agent: agentName,
  mode: streamingMode.optional(),
  language: language.optional(),
  recording: z.boolean('must be true or false').optional(),
});
const table = z
  .strictObject({ numbers: z.record(z.string(), entry).nullish() })
  .nullable()
  .transform((file) => file?.numbers ?? {});

/** Who answers a number, and how. What is not there is as it would be without the table. */
export interface NumberEntry {
  readonly agent: string;
  readonly mode?: StreamingMode | undefined;
  /** What is spoken there at first, one of the agent's. */
  readonly language?: string | undefined;
  /** Its calls are recorded, or not, whatever their agent says. */
  readonly recording?: boolean | undefined;
}

/** An agent, as far as a table can be held against it. */
export interface KnownAgent {
  readonly name: string;
  readonly languages: readonly string[];
}

/** The numbers, and accounts of Teams, that have an agent of their own: `numbers.yaml` beside the agents. */
export class NumberTable {
  readonly #file: string;
  readonly #entries: ReadonlyMap<PartyId, NumberEntry>;

  private constructor(file: string, entries: ReadonlyMap<PartyId, NumberEntry>) {
    this.#file = file;
    this.#entries = entries;
  }

  /**
   * @param folder of the agents. Without the file there, the table is empty
   * @throws {ConfigError} with a line for each fault, which names its place
   */
  static read(folder: string): NumberTable {
    const file = path.join(folder, NUMBERS_FILE);
    return existsSync(file) ? NumberTable.parse(file, readFileSync(file, 'utf8')) : new NumberTable(file, new Map());
  }

  /** @throws {ConfigError} as {@link read} does */
  static parse(file: string, text: string): NumberTable {
    const read = table.safeParse(contentOf(file, text));
    if (!read.success) throw new ConfigError(read.error.issues.map((issue) => `${file}: ${lineOf(issue)}`).join('\n'));
    const entries = new Map<PartyId, NumberEntry>();
    const problems: string[] = [];
    for (const [given, wanted] of Object.entries(read.data)) {
      const id = partyId.safeParse(given);
      if (!id.success) problems.push(`${file}: numbers: "${given}" ${id.error.issues[0]?.message}.`);
      else if (entries.has(id.data)) problems.push(`${file}: numbers: "${given}" stands there twice.`);
      else entries.set(id.data, wanted);
    }
    if (problems.length > 0) throw new ConfigError(problems.join('\n'));
    return new NumberTable(file, entries);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @param called as the carrier announces it; undefined where the table does not list it */
  find(called: PartyId): NumberEntry | undefined {
    return this.#entries.get(called) ?? this.#entries.get(called.toLowerCase());
  }

  /** The modes that it asks for, each with its place. */
  get modes(): { readonly where: string; readonly mode: StreamingMode }[] {
    return [...this.#entries].flatMap(([number, { mode }]) =>
      mode === undefined ? [] : [{ where: `${this.#placeOf(number)}.mode`, mode }],
    );
  }

  /** What it asks for of the agents and is not there, a line for each. */
  problems(agents: readonly KnownAgent[]): string[] {
    return [...this.#entries].flatMap(([number, { agent, language: spoken }]) => {
      const where = this.#placeOf(number);
      const known = agents.find(({ name }) => name === agent);
      const names = agents.map(({ name }) => name).join(', ');
      if (known === undefined) return [`${where}.agent: there is no agent "${agent}". There are: ${names}.`];
      if (spoken === undefined || known.languages.includes(spoken)) return [];
      return [`${where}.language: ${agent} does not speak ${spoken}. It has: ${known.languages.join(', ')}.`];
    });
  }

  #placeOf(number: PartyId): string {
    return `${this.#file}: numbers."${number}"`;
  }
}

function contentOf(file: string, text: string): unknown {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem) throw new ConfigError(`${file} is no valid YAML: ${problem.message.split('\n')[0]}`);
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigError(`${file} is no valid YAML: ${messageOf(error)}`);
  }
}

function lineOf(issue: z.core.$ZodIssue): string {
  const [top, number, ...rest] = issue.path.map(String);
  const place = [top, number === undefined ? undefined : `"${number}"`, ...rest].filter((part) => part !== undefined);
  if (issue.code === 'unrecognized_keys')
    return `${place.join('.') || 'the whole'}: there is no ${issue.keys.join(', ')}.`;
  return `${place.join('.') || 'the whole'}: ${issue.message}.`;
}
