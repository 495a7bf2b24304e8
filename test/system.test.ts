import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { parseWav } from '../shared/audio/wav.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { CONTAINER_USER, inContainer } from '../start/forms.ts';
import { closeSharedBrowser, hasBrowser, sharedBrowser } from './testing/browser.ts';
import { runBrowserConversation } from './testing/browser-conversation.ts';
import { type BuiltStack, builtStack } from './testing/built-stack.ts';
import { containerRoot } from './testing/container-root.ts';
import { walkPage } from './testing/page-walk.ts';
import { RunningStack } from './testing/running-stack.ts';
import { runSocketConversation } from './testing/socket-conversation.ts';
import { threeChances } from './testing/three-chances.ts';

const QUESTION = 'What is the status of order 1042?';
const WISH = 'Can you deliver it on Friday instead?';
/** In which one is answered on a stack of this machine, and as what the page shows them. */
const MODES = [
  ['media', 'Recogniser, model and voice'],
  ['voice_live', 'Speech to speech'],
] as const;
const [ASK, CHANGE] = [QUESTION, WISH].map((words) => ['--say', words]) as [string[], string[]];

const TRY_TO_WRITE = `const { writeFileSync } = require('node:fs');
const write = (folder) => { try { writeFileSync(folder + '/x', ''); return 'written'; } catch ({ code }) { return code; } };
console.log(JSON.stringify(Object.fromEntries(['/', '/app', '/app/agents', '/usr', '/tmp'].map((f) => [f, write(f)]))));`;

const root = await containerRoot();

let stack: RunningStack;
let folder: string;
let made: BuiltStack;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-system-'));
  // With tickets, as in Azure: the page gets its own.
  made = await builtStack(folder);
  stack = await RunningStack.start({ REQUIRE_TICKETS: 'true' }, ...made.args);
});

after(async () => {
  await closeSharedBrowser();
  await stack.close();
  await rm(folder, { recursive: true });
});

type Transcript = readonly { role: string; text?: string; tool?: string; heard?: boolean }[];

const callIdOf = (events: readonly Record<string, unknown>[]) =>
  String(events.find(({ event }) => event === 'connected')?.callConnectionId);

const recordOf = (id: string) => stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`);
const transcriptOf = async (id: string) => (await recordOf(id)).transcript as Transcript;

/** Two at a time, on one stack: most of it is people who speak. */
suite('a whole stack', { concurrency: 2 }, () => {
  test(
    'the page tells the truth in each of its states, and axe finds nothing serious in any of its looks',
    {
      skip: !hasBrowser && 'no Chromium is on the path',
    },
    threeChances(async () => {
      // `PAGE_SHOTS=folder` photographs each state.
      const { sights, pageErrors } = await walkPage({
        stack,
        browser: await sharedBrowser(),
        shotsFolder: process.env.PAGE_SHOTS,
      });
      assert.deepEqual(pageErrors, []);
      for (const { state, faults } of sights) assert.deepEqual(faults, [], state);
      const parts = (state: string) => sights.find((sight) => sight.state === state)?.parts ?? [];
      const first = parts('opened')[0] ?? [];
      assert.match(first.join('\n'), /What is the status of order 1042\?\n.*Order ten forty-two/);
      // Neither a second talk nor a reload changes what was said before (5.2-1, 5.2-11).
      for (const state of ['second-talk', 'reloaded', 'on-the-phone', 'after-the-call']) {
        assert.deepEqual(parts(state)[0]?.slice(0, first.length), first, state);
      }
      const second = parts('second-talk')[1] ?? [];
      assert.deepEqual(parts('after-the-call')[1]?.slice(0, second.length), second);
      assert.match(parts('reloaded')[1]?.at(-1) ?? '', /loaded again/);
      // The words of a phone call stand beside them (5.2-7).
      assert.match(parts('on-the-phone')[2]?.join('\n') ?? '', /order.*\n/is);
      assert.match(parts('after-the-call')[2]?.join('\n') ?? '', /Order ten.*forty-two.*Call ended/is);
      const onThePhone = parts('on-the-phone')[2]?.join('\n') ?? '';
      assert.match(onThePhone, /Fault: the telemetry is slow \(1s\)\.[\s\S]*Fault over: the telemetry is as it was\./);
      // Of talks and calls alike the page says in which mode they were.
      const { titles = [] } = sights.find(({ state }) => state === 'after-the-call') ?? {};
      for (const title of titles) assert.match(title, /· Recogniser, model and voice$/);
      assert.match(titles[2] ?? '', /^Phone call to \S+ with orders/);
    }),
  );

  test(
    'a caller is answered twice, with both tools, and the whole call is on record',
    threeChances(async () => {
      const out = path.join(folder, 'call.wav');
      const { exitCode, events, problems } = await stack.call(...ASK, ...CHANGE, '--out', out);
      assert.equal(exitCode, 0, problems);
      const id = callIdOf(events);

      const call = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`);
      const transcript = call.transcript as Transcript;
      assert.deepEqual(
        transcript.filter(({ role }) => role === 'tool').map(({ tool }) => tool),
        ['look_up_order', 'change_delivery_day'],
      );
      const answers = transcript.filter(({ role }) => role === 'agent').map(({ text }) => text ?? '');
      // A machine that is slow may have one wait with a filler between them.
      assert.match(answers.join('\n'), /^Hello.*\n(?:.*\n)*.*ten forty-two.*\n(?:.*\n)*.*Friday/);
      const timeline = (call.events as { type: string }[]).map(({ type }) => type);
      for (const type of ['media.connected', 'caller.said', 'tool.ended', 'agent.said', 'turn.latency']) {
        assert.ok(timeline.includes(type), `${type} in the timeline`);
      }

      const { channels } = parseWav(await readFile(out));
      const [caller, agent] = channels.map(secondsOfSound);
      assert.ok((caller ?? 0) > 3 && (agent ?? 0) > 12, `caller ${caller} s, agent ${agent} s`);

      await assertLogged(id);
      const redis = new Redis(stack.redisUrl);
      const ttl = await redis.ttl(`parley:{${String(call.session_id)}}:session`);
      await redis.quit();
      assert.ok(ttl > 0, 'the session will be forgotten in time');
    }),
  );

  test(
    'a caller who cuts in silences the agent, and the history holds what was heard',
    threeChances(async () => {
      const { exitCode, events, problems } = await stack.call(...ASK, '--interrupt-after', '1500');
      assert.equal(exitCode, 0, problems);
      const interruption = events.find(({ event }) => event === 'interruption');
      assert.equal(interruption?.wasSpeaking, true);
      assert.equal(interruption?.staleFrames, 0);
      const { transcript, events: timeline } = await recordOf(callIdOf(events));
      const cutOff = (transcript as Transcript).find(({ role, heard }) => role === 'agent' && heard === false);
      // A machine that is slow fills the wait, and he cuts in on that: of the answer nothing was heard then.
      const wasFilled = (timeline as { type: string }[]).some(({ type }) => type === 'wait.filled');
      assert.ok(cutOff?.text || wasFilled, 'one answer is marked as not wholly heard');
      assert.doesNotMatch(cutOff?.text ?? '', /noon/, 'the end of the answer was never heard');
    }),
  );

  test(
    'the agent calls somebody, who answers and talks with it',
    threeChances(async () => {
      const { exitCode, events, problems } = await stack.call('--outbound', '--say', 'When are you open on Saturday?');
      assert.equal(exitCode, 0, problems);
      assert.ok(events.some(({ event }) => event === 'ringing'));
      const transcript = await transcriptOf(callIdOf(events));
      assert.ok(transcript.some(({ tool }) => tool === 'opening_hours'));
    }),
  );

  test(
    'a caller talks with a speech-to-speech model, which uses a tool, and the record says which mode it was',
    threeChances(async () => {
      const says = [...ASK, ...CHANGE, '--interrupt-after', '1500'];
      const { exitCode, events, problems } = await stack.call('--mode', 'VOICE_LIVE', ...says);
      assert.equal(exitCode, 0, problems);
      assert.equal(events.find(({ event }) => event === 'session')?.mode, 'voice_live');
      const transcript = await transcriptOf(callIdOf(events));
      assert.ok(transcript.some(({ tool }) => tool === 'look_up_order'));
      assert.ok(
        transcript.some(({ role, heard }) => role === 'agent' && heard === false),
        'he cut in',
      );
    }),
  );

  test(
    'a call that nobody answers is written down, both parties of it, and the record tells who said what',
    threeChances(async () => {
      const { exitCode, events, problems } = await stack.call(
        ...['--mode', 'transcription', '--join', '+15550007777', '--join-say', 'It comes on Friday.'],
        ...['--say', 'Where is my order, please?'],
      );
      assert.equal(exitCode, 0, problems);
      const written = events.filter(({ event }) => event === 'written');
      assert.deepEqual(
        written.map(({ speaker, turn }) => [speaker, turn]),
        [
          ['caller', 1],
          ['callee', 2],
        ],
      );
      assert.match(String(written[0]?.text), /order/i);
      assert.match(String(written[1]?.text), /Friday/i);
      const transcript = await transcriptOf(callIdOf(events));
      assert.ok(!transcript.some(({ role }) => role === 'agent'), 'nobody answered');
    }),
  );

  test('both halves answer both documents of the reference, with the address of the sockets', async () => {
    for (const half of [stack.streamHostUrl, stack.functionsUrl]) {
      assert.equal((await stack.getJson(`${half}/api/v1/openapi.json`)).openapi, '3.1.0');
      const { servers } = await stack.getJson(`${half}/api/v1/asyncapi.json`);
      assert.match(JSON.stringify(servers), new RegExp(new URL(stack.streamHostUrl).port));
    }
  });

  test('every file that the page loads is served', async () => {
    const loaded = await crawl(new URL(stack.streamHostUrl));
    for (const file of ['/app.js', '/style.css', '/capture.worklet.js', '/shared/audio/resample.js']) {
      assert.ok(loaded.has(file), `${file} among ${[...loaded].join(' ')}`);
    }
  });

  test('the stream host is nobody in its container, and can write nowhere but in /tmp', {
    skip: 'folder' in root ? false : root.missing,
  }, async () => {
    const status = await readFile(`/proc/${stack.pidOf('stream-host')}/status`, 'utf8');
    const line = (name: string) => new RegExp(`^${name}:[\\t ]*(.*?)[\\t ]*$`, 'm').exec(status)?.[1];
    const nobody = Array(4).fill(CONTAINER_USER).join('\t');
    assert.deepEqual(['Uid', 'Gid', 'Groups', 'CapEff', 'CapPrm', 'NoNewPrivs'].map(line), [
      nobody,
      nobody,
      '',
      '0'.repeat(16),
      '0'.repeat(16),
      '1',
    ]);
    const [mounts, ...writable] = (await readFile(`/proc/${stack.pidOf('stream-host')}/mountinfo`, 'utf8'))
      .split('\n')
      .map((entry) => entry.split(' '))
      .filter(([, , , , place, options = '']) => place && /^rw\b/.test(options));
    assert.deepEqual([mounts?.[4], writable], ['/tmp', []]);
    assert.ok('folder' in root);
    const [program = '', ...args] = [
      ...inContainer(root.folder, path.join(made.built, 'stream-host')),
      '/app/bin/node',
      '-e',
    ];
    const { stdout } = await promisify(execFile)(program, [...args, TRY_TO_WRITE]);
    assert.deepEqual(JSON.parse(stdout), {
      '/': 'EROFS',
      '/app': 'EROFS',
      '/app/agents': 'EROFS',
      '/usr': 'EROFS',
      '/tmp': 'written',
    });
  });

  test('a taken port is named with the variable that moves it, and nothing is left running', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const address = squatter.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await assert.rejects(RunningStack.start({ STREAM_HOST_PORT: String(port) }), (error: Error) => {
      assert.match(error.message, new RegExp(`${port} .*STREAM_HOST_PORT`));
      return true;
    });
    squatter.close();
  });

  if (hasBrowser) {
    for (const [mode, title] of MODES) {
      test(
        `a person talks with the agent in a browser in ${mode}, cuts in, coughs, and sees and hears it`,
        threeChances(async (t) => {
          const screenshotPath = path.join(folder, `page-${mode}.png`);
          const findings = await runBrowserConversation({
            stack,
            browser: await sharedBrowser(),
            question: QUESTION,
            interruption: WISH,
            mode,
            screenshotPath,
          });
          t.diagnostic(JSON.stringify(findings, null, 2));
          assert.deepEqual(findings.pageErrors, []);
          assert.deepEqual([findings.modeShown, findings.title], [mode, `Talk with orders · ${title}`]);
          assert.match(findings.callerWords.join(' '), /order (10:?42|ten[ -]forty[ -]two).*friday/is);
          assert.ok(findings.greetingAudibleMs > 2000);
          assert.ok(findings.answerAudibleMs > 500);
          assert.notEqual(findings.cutOffWords, '');
          assert.ok(findings.isCoughedThrough, 'a cough ends no answer');
          // How soon it is silent depends on the machine, and stands in the findings above.
          assert.equal(findings.cut?.staleAudioMessages, 0);
          assert.ok(findings.toolChips.length >= 2);
          // An answer that a noise took back is given again, and not timed then.
          assert.ok(findings.latencyLines.length >= 1);
        }),
      );
    }
  } else {
    test(
      'no Chromium is on the path: a person talks on the socket of the page alone, and cuts in',
      threeChances(async () => {
        const messages = await runSocketConversation(stack, QUESTION, WISH);
        const words = messages.flatMap((message) => (message.type === 'user_final' ? [message.content] : []));
        assert.match(words.join(' '), /order (10:?42|ten[ -]forty[ -]two).*friday/is);
        const spoken = messages.filter(({ type }) => type === 'assistant_spoken');
        assert.deepEqual(
          spoken.map((message) => 'interrupted' in message && message.interrupted),
          [false, true, false],
        );
        const cut = messages.findIndex((message) => message.type === 'control' && message.action === 'tts_cancelled');
        const next = messages.findIndex(({ type }, i) => i > cut && type === 'user_final');
        assert.ok(cut >= 0 && next > cut);
        assert.ok(
          messages.slice(cut, next).every(({ type }) => type !== 'audio_data'),
          'no audio after the cut',
        );
        assert.equal(messages.filter(({ type }) => type === 'tool_end').length, 2);
      }),
    );
  }
});

/** One after the other, each on the stack that has come back from the last. */
suite('a process dies in the middle of a call', () => {
  test('without the emulator the call is lost and says so, and what must come back comes back', async () => {
    const from = stack.log.length;
    const call = stack.call(...ASK);
    await greeted(from);
    await stack.kill('emulator');
    const lost = await call;
    assert.equal(lost.exitCode, 1);
    await stack.logged(/emulator ended by itself/, from);
    await stack.logged(/emulator +ready/, from);
    await stack.logged(/Event Grid subscription validated/, from);
  });

  test('without the stream host the call stands, and goes on with its history when it is back', async () => {
    const from = stack.log.length;
    const call = stack.call(...ASK);
    await greeted(from);
    await stack.kill('stream-host');
    await stack.logged(/stream-host ended by itself/, from);
    await stack.logged(/stream-host .*the conversation begins.*"history":[1-9]/, from);
    await call;
  });

  test(
    'without the functions the call goes on, and its end is on record when they are back; all is well after three deaths',
    threeChances(async () => {
      const from = stack.log.length;
      const call = stack.call(...ASK);
      await greeted(from);
      await stack.kill('functions');
      const { exitCode, events, problems } = await call;
      assert.equal(exitCode, 0, problems);
      const id = String(events.find(({ event }) => event === 'connected')?.callConnectionId);
      await stack.logged(new RegExp(`functions .*call=${id} call over`), from);
      const record = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`);
      assert.equal(record.status, 'disconnected');
    }),
  );
});

/** Resolves when the call that was made since log line `from` has heard its greeting, and that is on record. */
async function greeted(from: number): Promise<void> {
  const offered = await stack.logged(/call=\S+ IncomingCall/, from);
  const callId = /call=(\S+)/.exec(offered)?.[1];
  await stack.logged(new RegExp(`stream-host .*call=${callId} the agent spoke`), from);
  await eventually(async () => (await transcriptOf(String(callId))).length > 0);
}

/** The emulator's log tells the life of the call. */
async function assertLogged(callId: string): Promise<void> {
  const lines = ['IncomingCall', 'signature verified', 'CallConnected', 'media streaming started', 'CallDisconnected'];
  for (const what of lines) await stack.logged(new RegExp(`call=${callId} .*${what}`));
}

/** The paths of a page and of all that it and its scripts name, each of them served. */
async function crawl(page: URL): Promise<Set<string>> {
  const found = new Set<string>();
  const waiting = [page];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (found.has(next.pathname)) continue;
    found.add(next.pathname);
    const response = await fetch(next);
    const text = await response.text();
    assert.equal(response.status, 200, next.pathname);
    for (const [, name = ''] of text.matchAll(
      /(?:from |import |href=|src=|new URL\()["']([\w./-]+\.(?:js|css|svg|png))["']/g,
    )) {
      waiting.push(new URL(name, next));
    }
  }
  return found;
}

/** How long a channel is louder than a whisper. */
function secondsOfSound(channel: Int16Array): number {
  let loud = 0;
  for (let at = 0; at + 320 <= channel.length; at += 320) {
    if (channel.subarray(at, at + 320).some((sample) => Math.abs(sample) > 500)) loud += 1;
  }
  return loud / 50;
}
