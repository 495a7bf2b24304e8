import path from 'node:path';
import { type Measures, settle } from './artefact.ts';
import { makeFunctionsPackage } from './functions-package.ts';
import { makeStreamHostTree } from './stream-host-tree.ts';

const MAKERS = { functions: makeFunctionsPackage, 'stream-host': makeStreamHostTree } as const;

export type Artefact = keyof typeof MAKERS;
export const ARTEFACTS: readonly Artefact[] = ['functions', 'stream-host'];

export const isArtefact = (name: string): name is Artefact => Object.hasOwn(MAKERS, name);

/**
 * Makes what is deployed: `functions/` goes to Azure Functions as it is, `stream-host/` is what the container has in `/app`.
 * @param folder in which each gets a folder of its own
 */
export async function makeArtefacts(
  folder: string,
  wanted: readonly Artefact[] = ARTEFACTS,
): Promise<ReadonlyMap<Artefact, Measures>> {
  const made = wanted.map(async (name) => {
    const own = path.join(folder, name);
    await MAKERS[name](own);
    return [name, await settle(own, process.env.SOURCE_DATE_EPOCH)] as const;
  });
  return new Map(await Promise.all(made));
}
