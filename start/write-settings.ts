import { writeFileSync } from 'node:fs';
import { settingsDocument, settingsSample } from './settings-documents.ts';

/** `npm run settings`: what people read of the settings, made from their schemas. */
const ROOT = new URL('../', import.meta.url);

writeFileSync(new URL('docs/settings.md', ROOT), settingsDocument());
writeFileSync(new URL('local.settings.sample.json', ROOT), settingsSample());
