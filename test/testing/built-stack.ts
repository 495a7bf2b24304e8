import { makeArtefacts } from '../../build/deploy.ts';
import { containerRoot } from './container-root.ts';

/**
 * Makes both halves as they are deployed.
 * @param folder where they are made; not below the project's, whose packages must not be found
 * @returns what `npm start` is told to run them, the stream host in a root of its own where that can be had
 */
export async function builtStack(folder: string): Promise<string[]> {
  const [root] = await Promise.all([containerRoot(), makeArtefacts(folder)]);
  return ['--built', folder, ...('folder' in root ? ['--root', root.folder] : [])];
}
