import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, FRAME_MS, samplesOf } from '../../shared/audio/pcm.ts';
import { parseWav } from '../../shared/audio/wav.ts';
import { NOT_UNDERSTOOD } from '../openai/dialogue/not-understood.ts';
import { CallerLine } from './caller-line.ts';
import { CallFailed } from './caller-phone.ts';
import { CallRecording } from './caller-recording.ts';
import { wentWell } from './caller-report.ts';
import { call, SILENCE, utterance, VOICE } from './testing/agent-call.ts';

test('the caller as a person', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('speaks in turn, waits for each answer and measures it', async (t) => {
      const { caller, events, find, recording } = await call(
        t,
        {},
        { utterances: [utterance('one'), utterance('two')] },
      );
      const summary = await caller.run();
      assert.equal(summary.callConnectionId, 'call-1');
      assert.equal(summary.answers.length, 2);
      for (const { latencyMs } of summary.answers)
        assert.ok(latencyMs >= 150 && latencyMs < summary.durationMs, `${latencyMs}`);
      assert.deepEqual(summary.answers[0]?.tools, ['look']);
      assert.deepEqual(summary.missed, []);
      assert.deepEqual(
        find('session').map(({ sessionId, agent, mode }) => [sessionId, agent, mode]),
        [['session-1', 'orders', 'voice_live']],
      );
      // From the moment of the connection on.
      const times = events.slice(1).map(({ atMs }) => atMs);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      assert.equal(events.at(-1)?.event, 'disconnected');
      assert.deepEqual(
        find('caller').map(({ text }) => text),
        ['one', 'two'],
      );
      const [first, second] = find('caller');
      assert.ok(first && second && second.atMs > first.atMs + 900);
      assert.equal(find('disconnected').length, 1);
      const told = find('transcript').map(({ line }) => line.role === 'agent' && line.text);
      assert.deepEqual(
        told.filter((text) => text !== false),
        ['Hello.', 'Answer 0.', 'Answer 1.'],
      );

      const { sampleRate, channels } = parseWav(recording.toWav());
      assert.equal(sampleRate, 16_000);
      const [left, right] = channels.map((samples) => firstSound(samples) / 16);
      assert.ok(left !== undefined && Math.abs(left - first.atMs) < 60);
      assert.ok(right !== undefined && right < left);
    }),

    t.test('cuts in, and measures how soon the agent is silent', async (t) => {
      const { caller, find } = await call(
        t,
        { answerMs: 1500, yields: true },
        { utterances: [utterance('one'), utterance('stop', 500)], interruptAfterMs: 400 },
      );
      const summary = await caller.run();
      const [interruption] = find('interruption');
      assert.ok(interruption?.wasSpeaking);
      // The answer would have gone on for much longer.
      assert.ok(interruption.silentAfterMs < 3000);
      assert.equal(interruption.staleFrames, 0);
      assert.equal(find('audio-stopped').length, 1);
      assert.equal(summary.answers.length, 2);
    }),

    t.test('takes a prompt for no answer, and says what was not understood (newcomer 5.2-5)', async (t) => {
      const { caller, find } = await call(t, { deaf: true }, { utterances: [utterance('Hello?')] });
      const summary = await caller.run();
      assert.deepEqual(summary.answers, []);
      assert.deepEqual(summary.missed, ['The agent did not understand "Hello?"; it only said "Are you still there?".']);
      assert.equal(find('answer').length, 0);
    }),

    t.test('takes no "I did not get that" of the scripted agent for an answer (known faults)', async (t) => {
      const says = `${NOT_UNDERSTOOD} I am only a demo.`;
      const { caller } = await call(t, { says }, { utterances: [utterance('Where is my mind?')] });
      const summary = await caller.run();
      assert.deepEqual(summary.missed, [`The agent did not understand "Where is my mind?"; it only said "${says}".`]);
      assert.equal(wentWell({ summary }), false);
    }),

    t.test(
      'takes an apology for no answer, but for one where the model was asked once more (call that ends with 0)',
      async (t) => {
        const says = 'Sorry, something went wrong.';
        const failed = await call(t, { says, fault: 'reply.failed' }, { utterances: [utterance('one')] });
        const problem = `The agent could not answer "one"; it only said "${says}".`;
        assert.deepEqual((await failed.caller.run()).missed, [problem]);
        const retried = await call(t, { fault: 'reply.retried' }, { utterances: [utterance('one')] });
        assert.deepEqual((await retried.caller.run()).missed, []);
      },
    ),

    t.test(
      'takes an answer for one although the words of it were lost (a voice_live call’s missing words)',
      async (t) => {
        const manners = { losesWords: true, fault: 'realtime.words_lost' };
        const { caller } = await call(t, manners, { utterances: [utterance('one')] });
        const { answers, missed } = await caller.run();
        assert.deepEqual([answers.length, missed], [1, []]);
      },
    ),

    t.test(
      'takes "I cannot get an answer" for none, does not wait for one, and tells what was said meanwhile',
      async (t) => {
        const { caller, find } = await call(t, { givesUp: true }, { utterances: [utterance('one')] });
        const { answers, missed, durationMs } = await caller.run();
        assert.deepEqual(answers, []);
        assert.deepEqual(missed, ['The agent could not answer "one"; it only said "One moment. I have no answer.".']);
        assert.deepEqual(
          find('meanwhile').map(({ text }) => text),
          ['One moment.', 'I have no answer.'],
        );
        // Who waited for more would have waited for half a minute.
        assert.ok(durationMs < 25_000);
      },
    ),

    t.test('waits for what somebody says whom the agent has left the call to', async (t) => {
      const { caller, find } = await call(
        t,
        { leavesAfterAnswers: 1 },
        { utterances: [utterance('one'), utterance('two')] },
      );
      const { answers, missed } = await caller.run();
      assert.deepEqual([answers.length, missed, find('agent-left').length], [2, [], 1]);
    }),

    t.test('says that nobody has answered whom the agent has left alone (stranger17 5)', async (t) => {
      const manners = { leavesAfterAnswers: 1, nobodyIsLeft: true };
      const { caller, find } = await call(t, manners, { utterances: [utterance('one'), utterance('Hello?')] });
      const { answers, missed } = await caller.run();
      assert.deepEqual([answers.length, missed], [1, []]);
      assert.deepEqual(
        find('unanswered').map(({ label }) => label),
        ['Hello?'],
      );
    }),

    t.test('counts no transfer that the API asked for as a missed answer (stranger: a transfer)', async (t) => {
      const { caller, find } = await call(
        t,
        { handsOnMs: 4_000 },
        { utterances: [utterance('one'), utterance('two')] },
      );
      const { answers, missed } = await caller.run();
      assert.deepEqual([answers.length, missed], [1, []]);
      assert.deepEqual(
        find('not-judged').map(({ label }) => label),
        ['one'],
      );
    }),

    t.test(
      'tells what came between two turns when it came, and not with the next one (stranger: told late)',
      async (t) => {
        const pause = { label: '(waits)', pcm: new Uint8Array(0), waitMs: 4_000 };
        const { caller, events } = await call(t, { remarksAfterMs: 2_500 }, { utterances: [pause, utterance('one')] });
        await caller.run();
        const at = events.findIndex(
          (event) => event.event === 'transcript' && event.line.role === 'agent' && /your time/.test(event.line.text),
        );
        const said = events.findIndex(({ event }) => event === 'caller');
        assert.ok(at >= 0 && at < said, `${at} before ${said}`);
        const [remark, words] = [events[at], events[said]];
        assert.ok(remark && words && words.atMs - remark.atMs > 500);
      },
    ),

    t.test('says nothing while it is on hold', async (t) => {
      const { caller, find } = await call(t, { holdsMs: 3000 }, { utterances: [utterance('one')] });
      const { answers } = await caller.run();
      assert.equal(answers.length, 1);
      const [on, off] = find('hold');
      assert.deepEqual([on?.state, off?.state], ['on', 'off']);
      assert.ok((find('caller')[0]?.atMs ?? 0) >= (off?.atMs ?? Infinity));
    }),

    t.test('presses keys, waits, and judges no answer to keys by what is understood', async (t) => {
      const keys = { label: '(keys 12#)', pcm: new Uint8Array(0), keys: '12#' };
      const pause = { label: '(waits)', pcm: new Uint8Array(0), waitMs: 300 };
      const { caller, find, pressed } = await call(t, { deaf: true }, { utterances: [keys, pause] });
      const { answers, missed } = await caller.run();
      assert.deepEqual([answers.length, missed], [1, []]);
      assert.deepEqual(pressed(), ['1', '2', '#']);
      assert.deepEqual(
        find('caller').map(({ text }) => text),
        ['(keys 12#)'],
      );
    }),

    t.test('waits for the answer that follows on "one moment"', async (t) => {
      const { caller } = await call(t, { answersAfterMs: 3600 }, { utterances: [utterance('one'), utterance('two')] });
      const { answers, missed } = await caller.run();
      assert.deepEqual(missed, []);
      assert.deepEqual(
        answers.map(({ filled, tools }) => [filled, tools]),
        [
          [true, ['look']],
          [true, ['look']],
        ],
      );
    }),

    t.test('takes two tones before a greeting that is late for no greeting', async (t) => {
      const { caller, events } = await call(t, { greetsAfterMs: 3_000 }, { utterances: [utterance('one')] });
      const { answers, missed } = await caller.run();
      assert.deepEqual([answers.length, missed], [1, []]);
      const kinds = events.flatMap(({ event, atMs }) => (event === 'caller' ? [atMs > 3_300] : []));
      assert.deepEqual(kinds, [true]);
    }),

    t.test('hangs up when its time has come, whatever is being said (newcomer 5.2-17)', async (t) => {
      const { caller, find } = await call(
        t,
        { greetingMs: 20_000 },
        { utterances: [utterance('one')], hangUpAfterMs: 500 },
      );
      const { durationMs } = await caller.run();
      const [ending] = find('disconnected');
      assert.ok(ending && ending.atMs >= 500 && durationMs >= 500);
      assert.deepEqual([ending.by, ending.reason], ['caller', 'The caller hung up.']);
    }),

    t.test('fails the call where the agent talks on over it', async (t) => {
      const { caller } = await call(
        t,
        { answerMs: 20_000 },
        { utterances: [utterance('one'), utterance('stop')], interruptAfterMs: 100 },
      );
      await assert.rejects(caller.run(), /went on talking over the caller/);
    }),

    t.test('fails the call where the agent hangs up before the last question', async (t) => {
      const { caller } = await call(
        t,
        { hangsUpAfterAnswers: 1 },
        { utterances: [utterance('one'), utterance('two')] },
      );
      await assert.rejects(caller.run(), CallFailed);
    }),

    t.test('takes it well where the agent hangs up after the last answer', async (t) => {
      const { caller } = await call(t, { hangsUpAfterAnswers: 1 }, { utterances: [utterance('goodbye')] });
      assert.equal((await caller.run()).answers.length, 1);
    }),

    t.test('hangs up when it is told to, in the middle of whatever is said', async (t) => {
      const hangUp = new AbortController();
      const { caller, find } = await call(t, { greetingMs: 20_000 }, { utterances: [utterance('one')] }, hangUp.signal);
      setTimeout(() => hangUp.abort(), 300);
      await caller.run();
      assert.equal(find('disconnected').length, 1);
      assert.equal(find('caller').length, 0);
    }),

    ...[false, true].map((notice) =>
      t.test(
        `ends well where the call is only written down from now on${notice ? ', with a notice' : ''} (newcomer 4)`,
        async (t) => {
          const { caller, find } = await call(
            t,
            { takenOverAfterAnswers: 1, notice },
            { utterances: [utterance('one'), utterance('two'), utterance('three')] },
          );
          const summary = await caller.run();
          assert.deepEqual([summary.answers.length, summary.missed], [1, []]);
          assert.deepEqual([find('written-down').length, find('caller').length], [1, 2]);
        },
      ),
    ),

    t.test('says that somebody had the call ended, where that is on record (newcomer 4)', async (t) => {
      const { caller, events } = await call(
        t,
        { hangsUpAfterAnswers: 1, isAskedToHangUp: true },
        { utterances: [utterance('one')] },
      );
      await caller.run();
      const last = events.at(-1);
      assert.ok(last?.event === 'disconnected');
      assert.deepEqual([last.by, last.reason], ['request', 'Somebody asked the API to hang up.']);
    }),

    t.test('says which address does not answer, and that a number is taken', async (t) => {
      const ignore = () => {};
      await assert.rejects(
        CallerLine.plugIn('http://127.0.0.1:1', '+15551110000', ignore),
        /does not answer at http:\/\/127\.0\.0\.1:1 .*npm start/,
      );
      const { url } = await call(t, {}, { utterances: [] });
      await assert.rejects(CallerLine.plugIn(url, '+15551110000', ignore), /another one/);
    }),
  ]);
});

test('frames that come late or in a burst are placed on the call’s clock', () => {
  const recording = new CallRecording({ keepSamples: true });
  recording.caller(VOICE, 0);
  recording.caller(VOICE, 45);
  recording.caller(VOICE, 41);
  recording.agent(VOICE, 1000);
  const [left, right] = parseWav(recording.toWav()).channels;
  assert.ok(left && right);
  assert.deepEqual(left.subarray(0, 960), samplesOf(Buffer.concat([VOICE, VOICE, VOICE])));
  assert.equal(firstSound(right), 16_001);
  assert.equal(left.length, right.length);
});

/** The index of the first sample that is not silent. */
function firstSound(samples: Int16Array): number {
  return samples.findIndex((sample) => sample !== 0);
}

test('the delay of an answer is measured from sample to sample, as it lies in the recording (issue 13)', () => {
  const recording = new CallRecording({ keepSamples: false });
  const frame = (from: number, to: number) =>
    bytesOf(Int16Array.from({ length: 320 }, (_, i) => (i >= from && i < to ? 5000 : 30)));
  recording.agent(frame(0, 320), 0);
  recording.agent(frame(0, 320), 20);
  recording.caller(frame(0, 160), 0);
  assert.equal(recording.answerMs, 10);
  recording.caller(frame(0, 161), 500);
  assert.equal(recording.answerMs, undefined);
  recording.agent(frame(0, 0), 1000);
  recording.agent(frame(80, 100), 1020);
  assert.equal(recording.answerMs, 515);
  assert.equal(parseWav(recording.toWav()).channels[0]?.length, 0);
});

test('silence that comes in a burst after a stall does not shift the answer that follows (issue 13)', () => {
  const recording = new CallRecording({ keepSamples: true });
  recording.agent(SILENCE, 0);
  for (let stalled = 0; stalled < 25; stalled += 1) recording.agent(SILENCE, 500);
  for (let atMs = 520; atMs < 2000; atMs += FRAME_MS) recording.agent(SILENCE, atMs);
  recording.caller(VOICE, 1480);
  for (let atMs = 2000; atMs < 2100; atMs += FRAME_MS) recording.agent(VOICE, atMs);
  const answerMs = recording.answerMs ?? 0;
  assert.ok(answerMs >= 490 && answerMs <= 515, `${answerMs}`);
  assert.equal(parseWav(recording.toWav()).channels[1]?.length, 2100 * 16);
});
