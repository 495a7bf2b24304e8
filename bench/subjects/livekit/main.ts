import { parseArgs } from 'node:util';
import { serveSubject } from '../subject-link.ts';
import { loadLiveKit } from './livekit.ts';
import { openLiveKitSession } from './livekit-session.ts';

/** LiveKit Agents JS, headless, from the folder that `--folder` names. */
const { values } = parseArgs({ options: { folder: { type: 'string' } }, strict: false });

await serveSubject(async (voice) => {
  const livekit = await loadLiveKit(String(values.folder));
  return {
    version: livekit.version,
    open: (settings, sink) => openLiveKitSession(livekit, settings, voice, sink),
  };
});
