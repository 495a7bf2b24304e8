import type { z } from 'zod';
import { functionsOnly } from './functions-settings.ts';
import { defaultOf, factsOf } from './setting.ts';
import { sharedSettings } from './shared-settings.ts';
import { streamHostOnly } from './stream-host-settings.ts';

const GROUPS: readonly { readonly title: string; readonly settings: Readonly<Record<string, z.ZodType>> }[] = [
  { title: 'Both halves', settings: sharedSettings },
  { title: 'Functions', settings: functionsOnly },
  { title: 'Stream host', settings: streamHostOnly },
];

/** `docs/settings.md` */
export function settingsDocument(): string {
  const parts = GROUPS.map(({ title, settings }) => {
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
what it takes. An empty one counts as not set. Made from \`shared/settings/\` by \`npm run settings\`: change it there.

${parts.join('\n')}`;
}

/** `local.settings.sample.json` */
export function settingsSample(): string {
  const values = GROUPS.flatMap(({ settings }) =>
    Object.entries(settings).map(([name, schema]) => [name, factsOf(schema).sample ?? defaultOf(schema) ?? '']),
  );
  const forTheHost = {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  };
  return `${JSON.stringify({ IsEncrypted: false, Values: { ...forTheHost, ...Object.fromEntries(values) } }, null, 2)}\n`;
}
