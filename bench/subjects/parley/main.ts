import { systemClock } from '../../../shared/clock.ts';
import { createLog } from '../../../shared/log.ts';
import { VoiceActivityLane } from '../../../stream-host/speech/voice-activity/voice-activity-lane.ts';
import { serveSubject } from '../serve-subject.ts';
import { ParleySession } from './parley-session.ts';

/** Parley's engine as the stream host runs it: the real voice-activity lane and clock, fakes for Azure, no socket. */
serveSubject(async (voice) => {
  const lane = await VoiceActivityLane.start({ clock: systemClock, log: createLog('stream-host', 'error') });
  const ports = { voice, openVoiceActivity: lane.open, clock: systemClock };
  return { open: async (settings, sink) => new ParleySession({ settings, sink, ...ports }) };
});
