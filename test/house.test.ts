import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { STREAM_HOST_FLAGS } from '../shared/stream-host-flags.ts';
import { CONTAINER_USER } from '../start/forms.ts';
import { carrierWords } from './carrier-words.ts';
import { modeUses } from './mode-uses.ts';

const ROOT = path.join(import.meta.dirname, '..');
const LONGEST_FILE = 400;

/** Whom a folder's files may import, besides packages and files of the same folder. The first rule that fits counts. */
const RULES: readonly { readonly files: string; readonly mayImport: readonly string[]; readonly packages?: 'none' }[] =
  [
    // The floors of the stream host, from the ground up: imports go down only.
    { files: 'stream-host/contract/', mayImport: ['shared/'], packages: 'none' },
    { files: 'stream-host/dialogue/', mayImport: ['shared/', ...floors('contract')], packages: 'none' },
    { files: 'stream-host/playout/', mayImport: ['shared/', ...floors('contract')], packages: 'none' },
    {
      files: 'stream-host/conversation/',
      mayImport: ['shared/', ...floors('contract', 'dialogue', 'playout')],
      packages: 'none',
    },
    { files: 'stream-host/speech/', mayImport: ['shared/', ...floors('contract')] },
    { files: 'stream-host/realtime/', mayImport: ['shared/', ...floors('contract')] },
    { files: 'stream-host/agent/', mayImport: ['shared/', 'agents/', ...floors('contract', 'conversation/turns')] },
    { files: 'stream-host/keys/', mayImport: ['shared/', ...floors('contract')], packages: 'none' },
    {
      files: 'stream-host/voicemail/',
      mayImport: ['shared/', ...floors('contract', 'dialogue', 'playout', 'conversation/language')],
      packages: 'none',
    },
    { files: 'stream-host/transport/', mayImport: ['shared/', ...floors('contract')] },
    {
      files: 'stream-host/modes/',
      mayImport: ['shared/', ...floors('contract', 'dialogue', 'playout', 'conversation', 'speech', 'agent')],
    },
    // It opens MEDIA's engine, with all that reaches it written down or played again.
    {
      files: 'stream-host/replay/',
      mayImport: [
        'shared/',
        ...floors('contract', 'dialogue', 'playout', 'conversation', 'agent'),
        'stream-host/modes/media/media-conversation.ts',
      ],
    },
    { files: 'stream-host/host/', mayImport: ['shared/', ...floors('contract', 'speech', 'session/lease.ts')] },
    { files: 'stream-host/record/', mayImport: ['shared/', ...floors('contract')], packages: 'none' },
    {
      files: 'stream-host/session/',
      mayImport: ['shared/', ...floors('contract', 'dialogue', 'keys', 'transport', 'host', 'record')],
    },
    { files: 'stream-host/calls/', mayImport: ['shared/'], packages: 'none' },
    { files: 'stream-host/telemetry/', mayImport: ['shared/', ...floors('contract')] },
    { files: 'stream-host/http/', mayImport: ['shared/', ...floors('contract', 'host', 'session', 'transport')] },
    // The composition, which knows everybody.
    { files: 'stream-host/', mayImport: ['shared/', 'agents/', 'package.json'] },
    { files: 'functions/', mayImport: ['shared/'] },
    {
      files: 'emulator/',
      mayImport: [
        'shared/protocol/',
        // What the real one's frames are.
        'shared/carrier/acs/',
        'shared/carrier/service-transcript.ts',
        'shared/carrier/party-id.ts',
        'shared/audio/',
        'shared/client/',
        'shared/clock.ts',
        'shared/errors.ts',
        'shared/json.ts',
        'shared/log.ts',
        // The phone takes a mode by every name that it has.
        'shared/modes/streaming-modes.ts',
        'shared/settings/setting.ts',
        'shared/sibling-module.ts',
        // It shows a call's trace by the call's session.
        'shared/telemetry/call-trace.ts',
        'shared/telemetry/names.ts',
        'shared/terminal-text.ts',
        'shared/typed-events.ts',
        'shared/within.ts',
      ],
    },
    { files: 'shared/', mayImport: [] },
    // It holds the deployment against the product's own settings, routes and times.
    // azd runs them on a fresh clone, before anything is installed.
    { files: 'infra/hooks/', mayImport: [], packages: 'none' },
    { files: 'infra/check/', mayImport: ['shared/', 'stream-host/host/shutdown.ts', 'infra/hooks/incoming-calls.ts'] },
    { files: 'agents/', mayImport: ['shared/'] },
    // It bundles all of it; what it measures it also has to start.
    {
      files: 'build/',
      mayImport: [
        'shared/stream-host-flags.ts',
        'start/environment.ts',
        'start/redis-server.ts',
        'emulator/functions-host/',
      ],
    },
    {
      files: 'web/',
      mayImport: ['shared/client/', 'shared/protocol/', 'shared/audio/pcm.ts', 'shared/audio/resample.ts'],
    },
    // It checks the settings and the agents of all that it starts.
    {
      files: 'start/',
      mayImport: [
        'shared/',
        'agents/',
        'emulator/settings.ts',
        'emulator/tls/',
        // It has the line to Redis, which fails where the emulator is told so.
        'emulator/redis-proxy/redis-line.ts',
        'stream-host/agent/',
      ],
    },
  ];

/** Folders of the stream host that stand below a floor. */
function floors(...names: readonly string[]): string[] {
  return names.map((name) => (name.endsWith('.ts') ? `stream-host/${name}` : `stream-host/${name}/`));
}

const files = globSync('{agents,bench,build,emulator,functions,infra,shared,start,stream-host,test,web}/**/*.ts', {
  cwd: ROOT,
  exclude: (name) => name === 'node_modules',
});

/** Tests, and what only tests use, may reach for anything: `npm run build` leaves them out. */
function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || file.includes('/testing/');
}

function importsOf(file: string): string[] {
  return importsIn(readFileSync(path.join(ROOT, file), 'utf8'));
}

/** Without those of types, of which nothing is left when the file runs. */
function valueImportsOf(file: string): string[] {
  const source = readFileSync(path.join(ROOT, file), 'utf8');
  return importsIn(source.replace(/^(import|export) type [^;]*;/gm, ''));
}

function importsIn(source: string): string[] {
  const found = source.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? '');
}

test('every part imports only what the design allows it', () => {
  const broken: string[] = [];
  for (const file of files.filter((name) => !isTest(name))) {
    const rule = RULES.find((candidate) => file.startsWith(candidate.files));
    if (!rule) continue;
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) {
        if (rule.packages === 'none' && !specifier.startsWith('node:')) broken.push(`${file} imports ${specifier}`);
        continue;
      }
      const target = path.posix.join(path.posix.dirname(file), specifier);
      if (![rule.files, ...rule.mayImport].some((allowed) => target.startsWith(allowed))) {
        broken.push(`${file} imports ${target}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

test('what the page loads needs no package, as a browser could not find it', () => {
  const needed = files.filter((file) => file.startsWith('web/') && !isTest(file));
  const broken: string[] = [];
  // Grows while it is walked: whatever a file of the page imports, and what that imports.
  const loaded = new Set(needed);
  for (const file of loaded) {
    for (const specifier of valueImportsOf(file)) {
      if (specifier.startsWith('.')) loaded.add(path.posix.join(path.posix.dirname(file), specifier));
      else broken.push(`${file} imports ${specifier}`);
    }
  }
  assert.ok(loaded.has('shared/protocol/close-codes.ts'));
  assert.deepEqual(broken, []);
});

test('outside folders named modes nothing is decided by a streaming mode', () => {
  const broken = files
    .filter((file) => !isTest(file) && !file.split('/').includes('modes') && file !== 'test/mode-uses.ts')
    .flatMap((file) => modeUses(readFileSync(path.join(ROOT, file), 'utf8')).map((use) => `${file}: ${use}`));
  assert.deepEqual(broken, []);
});

test('a decision by a mode is found in whatever spelling, and what only carries a mode is not', () => {
  const seeded = [
    `if (session.mode === 'voice_live') speak();`,
    `if ("VOICE_LIVE" == config.ACS_STREAMING_MODE) speak();`,
    'switch (call.mode) { case other: return 1; }',
    `switch (what) { case 'transcription': return 1; }`,
    'const rate = RATES[session.mode];',
    'const kind = table?.[ streaming_mode ];',
    'const LIVE = `Voice_Live`;',
    'if (found.mode !== usualMode) change();',
    'if (wanted === this.#mode) stay();',
    'if (RATES.has(mode)) return;',
    'if (Object.hasOwn(RATES, session.mode)) return;',
    `if (['media', 'voice_live'].includes(name)) return;`,
    `if (mode.startsWith('voice')) return;`,
    'if (/voice_?live/i.test(session.mode)) return;',
    'return modes.transcription;',
    'return rates.voice_live;',
    `return modes["media"];`,
    'if (session.mode in RATES) return;',
  ];
  assert.deepEqual(
    seeded.filter((source) => modeUses(source).length === 0),
    [],
  );
  const harmless = [
    '// if (session.mode === "voice_live")',
    `const session = { mode: 'media', agent };`,
    'if (mode !== undefined) table.require(mode);',
    `if (drafts.mode === 'off') return;`,
    `line.send({ type: 'media', state: 'started' });`,
    `switch (event.type) { case 'media': return 'audio'; }`,
    'const { transcription } = session.input; return input.transcription;',
    'const text = "the media of voice_live and transcription";',
    'this.#mode.audio(pcm); mode.open(host);',
    'const mode = modes.find(found.mode); return [mode];',
  ];
  assert.deepEqual(harmless.flatMap(modeUses), []);
});

/** Who may call ACS's things by their names, and why. */
const KNOWS_ACS = [
  'shared/carrier/acs/',
  // It plays ACS, and so do the phones of the bench.
  'emulator/',
  'bench/',
  // It deploys ACS.
  'infra/',
  // The reference tells what comes over the sockets and to the webhooks.
  'shared/http/routes/sockets.ts',
  'shared/http/routes/webhooks.ts',
  'shared/http/asyncapi/',
  // What of a raw event never goes into a log.
  'shared/log.ts',
  'test/carrier-words.ts',
];

test('outside the carrier’s own folder nothing knows ACS’s event names, rates or frames', () => {
  const broken = files
    .filter((file) => !isTest(file) && !file.startsWith('test/') && !KNOWS_ACS.some((known) => file.startsWith(known)))
    .flatMap((file) => carrierWords(readFileSync(path.join(ROOT, file), 'utf8')).map((word) => `${file}: ${word}`));
  assert.deepEqual(broken, []);
});

test('a name of ACS’s is found in whatever spelling, and what only sounds like one is not', () => {
  const seeded = [
    `if (event.type === 'CallConnected') answer();`,
    `if (event.type === "callconnected") answer();`,
    'case `Microsoft.Communication.PlayStarted`: return;',
    `const name = 'acs.CallDisconnected';`,
    `const lost = { MediaStreamingFailed: true };`,
    `await store.append(id, { type: 'acs.RecognizeCompleted' });`,
    `switch (kind) { case 'audiodata': return; }`,
    `send('{"kind":"StopAudio"}');`,
    `const media = { audioFormat: rate };`,
    `const rate = 'Pcm24KMono';`,
    `const rate = 'pcm16kmono';`,
    `if (details === 'subscriptionStopped') return;`,
    'const { participantRawID } = frame;',
    'return body.resultInformation.code;',
    `if (type === 'IncomingCall') ring();`,
  ];
  assert.deepEqual(
    seeded.filter((source) => carrierWords(source).length === 0),
    [],
  );
  const harmless = [
    '// CallConnected comes first, and AudioData',
    '/* Microsoft.Communication.CallConnected */',
    'line.stopAudio(cause); this.#stopAudio();',
    'const audioData = message.audio_data;',
    'export interface IncomingCall { readonly ticket: string }',
    `const topic = 'Microsoft.Communication/communicationServices';`,
    `const code = 'acs.call-gone';`,
    `if (event.kind === 'connected') answer();`,
  ];
  assert.deepEqual(harmless.flatMap(carrierWords), []);
});

test('no file is longer than a reader can hold in mind', () => {
  const long = files
    .map((file) => ({ file, lines: readFileSync(path.join(ROOT, file), 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > LONGEST_FILE);
  assert.deepEqual(long, []);
});

test('the stream host’s start command has the flags that it has here', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  assert.equal(
    scripts['stream-host'],
    `node ${STREAM_HOST_FLAGS.join(' ')} deploy/stream-host/dist/stream-host/main.js`,
  );
  const command = ['/app/bin/node', ...STREAM_HOST_FLAGS, 'dist/stream-host/main.js'];
  const dockerfile = readFileSync(path.join(ROOT, 'stream-host/Dockerfile'), 'utf8');
  assert.deepEqual(JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? ''), command);
  assert.match(dockerfile, new RegExp(`^USER ${CONTAINER_USER}:${CONTAINER_USER}$`, 'm'));
});

test('dependencies are pinned exactly', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
    readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
  );
  const versions = Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies });
  assert.deepEqual(
    versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-g[0-9a-f]+)?$/.test(version) && !version.startsWith('file:')),
    [],
  );
});

test('what is installed is what the lock file says, whatever Node ran npm', () => {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(path.join(ROOT, 'node_modules/.package-lock.json'), 'utf8')).packages;
  const differing = Object.entries<{ version?: string }>(installed)
    .filter(([name, { version }]) => lock[name]?.version !== version)
    .map(([name]) => name);
  assert.deepEqual(differing, []);
  assert.ok(Object.keys(installed).length > 50);
});
