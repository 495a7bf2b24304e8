import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Compiled } from './bicep.ts';
import type { Finding } from './finding.ts';

const MOST_DIFFERENCES = 10;
const fileOf = (name: string): string => `infra/snapshots/${name}.json`;

/** The golden files: what each parameter file deployed when somebody last looked at it. */
export class GoldenFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** By the names of the parameter files. */
  read(): Map<string, string> {
    const folder = path.join(this.#root, 'infra/snapshots');
    const names = existsSync(folder) ? globSync('*.json', { cwd: folder }).sort() : [];
    return new Map(names.map((file) => [path.basename(file, '.json'), readFileSync(path.join(folder, file), 'utf8')]));
  }

  write(snapshots: Compiled['snapshots']): void {
    const folder = path.join(this.#root, 'infra/snapshots');
    mkdirSync(folder, { recursive: true });
    for (const name of this.read().keys()) if (!snapshots.has(name)) rmSync(path.join(folder, `${name}.json`));
    for (const [name, snapshot] of snapshots) {
      if ('json' in snapshot) writeFileSync(path.join(folder, `${name}.json`), asWritten(snapshot.json));
    }
  }

  /** Where the snapshots of now are others: a change of the infrastructure shall show in review. */
  differences(snapshots: Compiled['snapshots']): Finding[] {
    const golden = this.read();
    const found = [...snapshots].flatMap(([name, snapshot]): Finding[] => {
      if ('failure' in snapshot) return [finding(`infra/${name}.bicepparam`, snapshot.failure)];
      const before = golden.get(name);
      if (before === undefined) return [finding(fileOf(name), 'there is no golden file')];
      const all = [...differing(JSON.parse(before), JSON.parse(snapshot.json), '')];
      const told = all.slice(0, MOST_DIFFERENCES).map((what) => finding(fileOf(name), what));
      const more = all.length - told.length;
      return more > 0 ? [...told, finding(fileOf(name), `${more} more differences`)] : told;
    });
    const orphans = [...golden.keys()].filter((name) => !snapshots.has(name));
    return [...found, ...orphans.map((name) => finding(fileOf(name), `there is no infra/${name}.bicepparam any more`))];
  }
}

const asWritten = (json: string): string => `${JSON.stringify(JSON.parse(json), inOrder, 2)}\n`;

/** The compiler writes the outputs in another order each time. */
function inOrder(key: string, value: unknown): unknown {
  if (key !== 'outputs' || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b)));
}

const finding = (where: string, what: string): Finding => ({
  check: 'snapshot',
  where,
  what,
  allowed: 'what the golden file says; where the change is meant: `npm run check:infra -- --write`',
});

/** A line for each leaf that is another. */
function* differing(before: unknown, after: unknown, place: string): Generator<string> {
  if (Object.is(before, after)) return;
  const [old, now] = [entriesOf(before), entriesOf(after)];
  if (old === undefined || now === undefined) {
    yield `${place} is ${brief(after)} and was ${brief(before)}`;
    return;
  }
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const inner = place === '' ? key : `${place} ${key}`;
    if (!now.has(key)) yield `${inner} is gone`;
    else if (!old.has(key)) yield `${inner} is new: ${brief(now.get(key))}`;
    else yield* differing(old.get(key), now.get(key), inner);
  }
}

function entriesOf(value: unknown): Map<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  return new Map(value.map((item, index) => [nameOf(item) ?? String(index), item]));
}

/** Items of a list are told from each other by an id or a name, where they have one: their order says little. */
function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  if ('id' in item && typeof item.id === 'string') return item.id.split('/providers/').at(-1);
  return 'name' in item && typeof item.name === 'string' ? item.name : undefined;
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'not set';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
