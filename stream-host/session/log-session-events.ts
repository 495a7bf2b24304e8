import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { toldTool } from '../../shared/telemetry/told-tool.ts';
import type { SessionEventSource } from '../contract/events.ts';

/** Writes what operators want to know of a session into the log; what was said only where that is switched on. */
export function logSessionEvents(events: SessionEventSource, log: Logger, logTranscripts: boolean): void {
  const quote = (said: string) => (logTranscripts ? { said } : {});
  events.on('callerFinal', ({ text, turn }) => log.info({ turn, ...quote(text) }, 'the caller spoke'));
  events.on('agentSpoke', ({ turn, heardText, interrupted }) =>
    log.info({ turn, interrupted, ...quote(heardText) }, 'the agent spoke'),
  );
  events.on('transcript', ({ turn, speaker, durationMs, confidence, text }) =>
    log.info(
      { turn, speaker, durationMs, ...(confidence !== undefined && { confidence }), ...quote(text) },
      'written down',
    ),
  );
  events.on('waitFilled', ({ turn, kind }) => log.info({ turn, kind }, 'the caller waits'));
  events.on('toolEnded', ({ call, elapsedMs, error, turn }) =>
    log.info(
      { turn, tool: toldTool({ call, error }), elapsedMs: Math.round(elapsedMs), failed: error !== undefined },
      'a tool was used',
    ),
  );
  events.on('turnLatency', ({ type: _, atMs: __, ...latency }) => log.info(latency, 'turn latency'));
  events.on('replyResumed', ({ turn, silentMs }) =>
    log.info({ turn, silentMs: Math.round(silentMs) }, 'a sound was no interruption'),
  );
  events.on('answeredBy', ({ verdict, reason, afterMs }) =>
    log.info({ verdict, because: reason, afterMs }, 'it was found out who has answered'),
  );
  events.on('menuUnmatched', ({ phrases, heard, afterMs }) =>
    log.info({ phrases: phrases.length, afterMs, ...quote(heard) }, 'a menu said none of the phrases'),
  );
  events.on('keysCollected', ({ name, status, attempts }) =>
    log.info({ keys: name, status, attempts }, 'keys collected'),
  );
  events.on('draftDropped', ({ pieces, characters }) =>
    log.info({ pieces, characters }, 'an answer that was begun early was not wanted'),
  );
  events.on('fault', ({ code, error }) =>
    log.warn({ code, reason: error === undefined ? undefined : messageOf(error) }, 'fault'),
  );
}
