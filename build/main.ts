import path from 'node:path';
import { zippedBytes } from './artefact.ts';
import { ROOT } from './bundle.ts';
import { ARTEFACTS, isArtefact, makeArtefacts } from './deploy.ts';

/** `npm run build:deploy [-- functions | stream-host]`: makes what is deployed, in `deploy/`. */
const asked = process.argv.slice(2);
const [unknown] = asked.filter((name) => !isArtefact(name));
if (unknown !== undefined) {
  process.stderr.write(`There is no "${unknown}" to build: ${ARTEFACTS.join(' or ')}, or both.\n`);
  process.exit(1);
}
const folder = path.join(ROOT, 'deploy');
const made = await makeArtefacts(folder, asked.length === 0 ? ARTEFACTS : asked.filter(isArtefact));
for (const [name, { bytes, files, digest }] of made) {
  const zipped = name === 'functions' ? `, ${(await zippedBytes(path.join(folder, name))) / 1e6} MB zipped` : '';
  process.stdout.write(`deploy/${name}: ${(bytes / 1e6).toFixed(2)} MB${zipped}, ${files} files, sha256 ${digest}\n`);
}
