import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import bicepTypes, { type BicepType, type CrossFileTypeReference } from 'bicep-types';

/** The types of one provider and version. References are indices into them. */
export type TypeTable = readonly BicepType[];

export interface ResourceBody {
  readonly types: TypeTable;
  readonly body: BicepType;
}

/** Azure's published type data, as `bicep-types` reads it. Files are read when they are asked for. */
export class AzureTypes {
  readonly #folder: string;
  /** By the type's name and version in small letters. */
  readonly #index: ReadonlyMap<string, CrossFileTypeReference>;
  readonly #tables = new Map<string, TypeTable>();

  /** @param folder has `index.json` and the files that it names, or those of some providers */
  constructor(folder: string) {
    this.#folder = folder;
    const { resources } = bicepTypes.readIndexJson(readFileSync(path.join(folder, 'index.json'), 'utf8'));
    this.#index = new Map(Object.entries(resources).map(([name, reference]) => [name.toLowerCase(), reference]));
  }

  /** Whether the files of a provider are there, not only their names. */
  hasProvider(provider: string): boolean {
    const found = [...this.#index].find(([name]) => name.startsWith(`${provider.toLowerCase()}/`));
    return found === undefined || existsSync(path.join(this.#folder, found[1].relativePath));
  }

  /** The versions of a type, oldest first; none where Azure has no such type. */
  versionsOf(type: string): string[] {
    const start = `${type.toLowerCase()}@`;
    return [...this.#index.keys()]
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length))
      .sort();
  }

  bodyOf(type: string, version: string): ResourceBody | undefined {
    const reference = this.#index.get(`${type}@${version}`.toLowerCase());
    if (reference === undefined) return undefined;
    const types = this.#tableOf(reference.relativePath);
    const resource = types[reference.index];
    const body = resource?.type === bicepTypes.TypeBaseKind.ResourceType ? types[resource.body.index] : undefined;
    return body && { types, body };
  }

  /** The names below a resource's `properties`; none where the type is not known. */
  propertiesOf(type: string, version: string): string[] {
    const found = this.bodyOf(type, version);
    if (found?.body.type !== bicepTypes.TypeBaseKind.ObjectType) return [];
    const properties = found.body.properties.properties;
    const inner = properties && found.types[properties.type.index];
    return inner?.type === bicepTypes.TypeBaseKind.ObjectType ? Object.keys(inner.properties) : [];
  }

  #tableOf(file: string): TypeTable {
    let table = this.#tables.get(file);
    if (table === undefined) {
      table = bicepTypes.readTypesJson(readFileSync(path.join(this.#folder, file), 'utf8'));
      this.#tables.set(file, table);
    }
    return table;
  }
}
