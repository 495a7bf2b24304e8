import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../../shared/clock.ts';
import { collect } from '../testing/synthesiser-conformance.ts';
import { ToneService } from '../testing/tone-service.ts';
import { AzureSynthesiser } from './azure-synthesiser.ts';
import { CachedSynthesiser, type CachedSynthesiserOptions } from './cached-synthesiser.ts';

const never = new AbortController().signal;
let service: ToneService;
let inner: AzureSynthesiser;

before(async () => {
  service = await ToneService.start();
  inner = new AzureSynthesiser({
    service: { host: `ws://127.0.0.1:${service.port}`, proof: 'not-a-secret' },
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
});
after(() => {
  inner.close();
  service.close();
});

/** The texts that reached the service while `use` ran. */
async function asked(use: (cached: CachedSynthesiser) => Promise<void>, options?: CachedSynthesiserOptions) {
  const from = service.ssml.length;
  await use(new CachedSynthesiser(inner, options));
  return service.ssml.slice(from).map((ssml) => ssml.replace(/<[^>]*>/g, ''));
}

test('a text is asked for once for each voice, and sounds the same again', async () => {
  const texts = await asked(async (cached) => {
    const first = await collect(cached.speak('oak elm', 'en-US-A', never));
    assert.deepEqual(await collect(cached.speak('oak elm', 'en-US-A', never)), first);
    await collect(cached.speak('oak elm', 'en-US-B', never));
    assert.deepEqual({ hits: cached.stats.hits, misses: cached.stats.misses }, { hits: 1, misses: 2 });
  });
  assert.equal(texts.length, 2);
});

test('a text that was cut off or failed is not mistaken for the whole', async () => {
  const texts = await asked(async (cached) => {
    const abort = new AbortController();
    for await (const piece of cached.speak('oak elm pine', 'en-US-A', abort.signal)) {
      if (piece.type === 'audio') abort.abort();
    }
    for await (const piece of cached.speak('oak elm pine', 'en-US-A', never)) if (piece.type === 'audio') break;
    service.faults.closeAfterAudio = { pieces: 1, code: 1011 };
    await assert.rejects(collect(cached.speak('oak elm pine', 'en-US-A', never)));
    assert.equal(cached.stats.texts, 0);
    assert.equal((await collect(cached.speak('oak elm pine', 'en-US-A', never))).words.length, 3);
  });
  assert.equal(texts.length, 4);
});

test('aborting ends a remembered text as well', async () => {
  await asked(async (cached) => {
    await collect(cached.speak('oak elm pine', 'en-US-A', never));
    const abort = new AbortController();
    let pieces = 0;
    for await (const _ of cached.speak('oak elm pine', 'en-US-A', abort.signal)) {
      pieces += 1;
      abort.abort();
    }
    assert.equal(pieces, 1);
  });
});

test('beyond its bound it forgets the text that was not said for longest', async () => {
  const oneWordBytes = 180 * 32;
  const texts = await asked(
    async (cached) => {
      for (const text of ['oak', 'elm', 'oak', 'pine', 'oak', 'elm'])
        await collect(cached.speak(text, 'en-US-A', never));
      assert.ok(cached.stats.bytes <= 2 * oneWordBytes);
    },
    { maxBytes: 2 * oneWordBytes },
  );
  assert.deepEqual(texts, ['oak', 'elm', 'pine', 'elm']);
});

test('long texts are not kept', async () => {
  const texts = await asked(
    async (cached) => {
      for (const _ of [1, 2]) await collect(cached.speak('oak elm', 'en-US-A', never));
    },
    { maxTextLength: 6 },
  );
  assert.equal(texts.length, 2);
});
