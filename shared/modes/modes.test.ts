import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AUDIO_RATES } from '../audio/pcm.ts';
import { lineMediaOf } from './line-media.ts';
import { ModeTable } from './mode-table.ts';
import { decodeAgentModes, decodeModes, encodeAgentModes, encodeModes, modeOfCall } from './offered-modes.ts';
import { askedMode, STREAMING_MODES, streamingMode } from './streaming-modes.ts';

test('a mode goes by its name in any case; the predecessor’s realtime is media; others are refused with the list', () => {
  for (const mode of STREAMING_MODES) assert.equal(streamingMode.parse(` ${mode.toUpperCase()} `), mode);
  assert.equal(streamingMode.parse('Realtime'), 'media');
  for (const other of ['video', '', 'constructor', '__proto__', 7, null, undefined]) {
    assert.throws(() => streamingMode.parse(other), /media, voice_live, transcription/);
  }
});

test('whoever opens a session is stronger than its agent, and the agent than the deployment', () => {
  const table = new ModeTable({ media: 1, voice_live: 2 }, 'media');
  assert.equal(table.choose({}), 'media');
  assert.equal(table.choose({ agents: 'voice_live' }), 'voice_live');
  assert.equal(table.choose({ asked: 'media', agents: 'voice_live' }), 'media');
});

test('a mode whose service is not configured is refused by its name, with what it needs and what there is', () => {
  const table = new ModeTable({ media: 1 }, 'media');
  for (const wishes of [{ asked: 'voice_live' }, { agents: 'voice_live' }]) {
    assert.throws(
      () => table.choose(wishes),
      ({ code, message }: { code: string; message: string }) => {
        assert.equal(code, 'mode.not-configured');
        assert.match(message, /voice_live.*AZURE_VOICE_LIVE_ENDPOINT.*It has: media\./);
        return true;
      },
    );
  }
  assert.equal(table.find('constructor'), undefined);
});

test('a call has the rate at which hosts have its mode, and the mode of its agent as they tell it', () => {
  const hosts = [
    {},
    {
      modes: [
        { name: 'media', rateHz: 16_000 },
        { name: 'voice_live', rateHz: 24_000 },
      ],
      agentModes: { chef: 'voice_live', guest: 'mode-of-a-newer-release' },
    },
  ] as const;
  const of = (agent: string, asked?: string) => modeOfCall({ asked, agent, usual: 'media' }, hosts);
  assert.deepEqual(of('orders'), { mode: 'media', rateHz: 16_000 });
  assert.deepEqual(of('chef'), { mode: 'voice_live', rateHz: 24_000 });
  assert.deepEqual(of('chef', 'media'), { mode: 'media', rateHz: 16_000 });
  assert.deepEqual(of('guest'), { mode: 'media', rateHz: 16_000 });
  assert.deepEqual(of('constructor'), { mode: 'media', rateHz: 16_000 });
  assert.deepEqual(modeOfCall({ agent: 'orders', usual: 'transcription' }, []), {
    mode: 'transcription',
    rateHz: 16_000,
  });
});

test('ACS is asked for the rate that the mode has, and for each participant apart where only words are written down', () => {
  assert.deepEqual(lineMediaOf('media', 16_000), { rateHz: 16_000, channels: 'mixed' });
  assert.deepEqual(lineMediaOf('voice_live', 24_000), { rateHz: 24_000, channels: 'mixed' });
  assert.deepEqual(lineMediaOf('voice_live', 16_000), { rateHz: 16_000, channels: 'mixed' });
  assert.deepEqual(lineMediaOf('transcription', 16_000), { rateHz: 16_000, channels: 'unmixed' });
});

test('what hosts write of their modes is read back, whatever the names; what is damaged is left out', () => {
  const name = fc.string({ minLength: 1 }).filter((text) => text.isWellFormed());
  const mode = fc.record({ name, rateHz: fc.constantFrom(...AUDIO_RATES) }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(mode), fc.array(fc.tuple(name, name)), (modes, agents) => {
      assert.deepEqual(decodeModes(encodeModes(modes)), modes);
      const agentModes = Object.fromEntries(agents);
      assert.deepEqual(decodeAgentModes(encodeAgentModes(agentModes)), agentModes);
      assert.doesNotMatch(encodeModes(modes) + encodeAgentModes(agentModes), /\s/);
    }),
  );
  assert.deepEqual(decodeModes(',media:16000,loud:44100,:,x,voice_live:24000,'), [
    { name: 'media', rateHz: 16_000 },
    { name: 'voice_live', rateHz: 24_000 },
  ]);
});

test('an empty mode names none, in a body as in the address of a socket', () => {
  assert.equal(askedMode.parse(''), null);
  assert.equal(askedMode.parse(null), null);
  assert.equal(askedMode.parse(' Realtime '), 'media');
  assert.throws(() => askedMode.parse(' '), /must be one of/);
});
