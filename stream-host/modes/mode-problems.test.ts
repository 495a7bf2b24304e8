import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parrotMode } from '../testing/parrot/parrot-mode.ts';
import { modeProblems } from './mode-problems.ts';

const card = (name: string, mode?: string) => ({ name, description: '', languages: [], mode });

test('a mode that a setting or an agent asks for and nobody configured is named, with what it needs', () => {
  const modes = { media: parrotMode };
  assert.deepEqual(modeProblems(modes, 'media', [card('orders'), card('chef', 'media')]), []);
  const [setting, agent] = modeProblems(modes, 'transcription', [card('orders'), card('chef', 'voice_live')]);
  assert.match(setting ?? '', /^ACS_STREAMING_MODE is transcription, .* There is: media\.$/);
  assert.match(agent ?? '', /^The agent chef: mode: is voice_live, .*AZURE_VOICE_LIVE_ENDPOINT/);
});
