import { parseArgs } from 'node:util';
import { serveSubject } from '../serve-subject.ts';
import { loadLiveKit } from './livekit.ts';
import { openLiveKitSession } from './livekit-session.ts';

/** LiveKit Agents JS, headless, from the folder that `--folder` names. */
const { values } = parseArgs({ options: { folder: { type: 'string' } }, strict: false });

// As in LiveKit's own worker (`ipc/job_proc_lazy_main.ts`): an interrupted realtime answer leaves such a rejection behind.
process.on('unhandledRejection', () => {});

serveSubject(async (voice) => {
  const livekit = await loadLiveKit(String(values.folder));
  return { open: (settings, sink) => openLiveKitSession(livekit, settings, voice, sink) };
});
