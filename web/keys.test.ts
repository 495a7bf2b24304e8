import assert from 'node:assert/strict';
import { test } from 'node:test';

/** By its path: the type checker of the tests knows no browser. */
const { bindKeys } = (await import(new URL('./keys.ts', import.meta.url).href)) as {
  readonly bindKeys: (keys: { readonly onMute: () => void; readonly onSilence: () => void }) => void;
};

test('M that is held down mutes once: it went on and off, and left the microphone open as often as not', (t) => {
  class Field {}
  const page = Object.assign(new EventTarget(), { querySelector: () => null });
  const names = { document: page, HTMLInputElement: Field, HTMLSelectElement: Field };
  Object.assign(globalThis, names);
  t.after(() => {
    for (const name of Object.keys(names)) Reflect.deleteProperty(globalThis, name);
  });
  let muted = 0;
  bindKeys({
    onMute: () => {
      muted += 1;
    },
    onSilence: () => {},
  });
  for (const repeat of [false, true, true, true]) {
    page.dispatchEvent(Object.assign(new Event('keydown'), { key: 'm', repeat }));
  }
  assert.equal(muted, 1);
});
