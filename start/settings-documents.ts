import type { z } from 'zod';
import { emulatorSettings } from '../emulator/settings.ts';
import { functionsOnly } from '../shared/settings/functions-settings.ts';
import { defaultOf, factsOf } from '../shared/settings/setting.ts';
import { sharedSettings } from '../shared/settings/shared-settings.ts';
import { streamHostOnly } from '../shared/settings/stream-host-settings.ts';

const { LOG_LEVEL: _, ...emulatorOnly } = emulatorSettings.shape;

interface Group {
  readonly title: string;
  readonly settings: Readonly<Record<string, z.ZodType>>;
}

const PRODUCT: readonly Group[] = [
  { title: 'Both halves', settings: sharedSettings },
  { title: 'Functions', settings: functionsOnly },
  { title: 'Stream host', settings: streamHostOnly },
];

/** `docs/settings.md` */
export function settingsDocument(): string {
  const groups = [...PRODUCT, { title: 'Emulator', settings: emulatorOnly }];
  const parts = groups.map(({ title, settings }) => {
    const rows = Object.entries(settings).map(([name, schema]) => {
      const { about, allowed, secret } = factsOf(schema);
      const given = defaultOf(schema);
      const unset = given === undefined ? '**must be set**' : given === '' ? 'none' : `\`${given}\``;
      return `| \`${name}\` | ${about}${secret ? ' Secret.' : ''} | ${unset} | ${allowed} |`;
    });
    return `## ${title}\n\n| variable | what it is for | default | what it takes |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  return `# Settings

Every setting is an environment variable, checked when its process starts; a bad one is named with what it was given and
what it takes. An empty one counts as not set. Made from \`shared/settings/\` and
\`emulator/settings.ts\` by \`npm run settings\`: change it there. \`npm start\` sets for itself what must be set.

${parts.join('\n')}`;
}

/** `local.settings.sample.json` */
export function settingsSample(): string {
  const values = PRODUCT.flatMap(({ settings }) =>
    Object.entries(settings).map(([name, schema]) => [name, factsOf(schema).sample ?? defaultOf(schema) ?? '']),
  );
  const forTheHost = {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  };
  return `${JSON.stringify({ IsEncrypted: false, Values: { ...forTheHost, ...Object.fromEntries(values) } }, null, 2)}\n`;
}
