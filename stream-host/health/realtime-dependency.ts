import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { CheckFailure } from '../../shared/health/check.ts';
import type { DependencySpec } from '../../shared/health/dependency.ts';
import type { Logger } from '../../shared/log.ts';
import type { RealtimeBrief, RealtimeEvents } from '../contract/realtime.ts';
import type { RealtimeService } from '../realtime/realtime-service.ts';

const nothing = () => {};

/**
 * The speech-to-speech service: a session as a call would have it, closed as soon as the service has taken it. Nothing is
 * said in it, and nothing is charged.
 *
 * @param service undefined where no mode has one
 * @param brief of the default agent, whose voice the service must have
 */
export const realtimeDependency = (
  service: RealtimeService | undefined,
  brief: () => Pick<RealtimeBrief, 'locale' | 'voice'>,
  log: Logger,
): DependencySpec => ({
  name: 'realtime',
  service: service?.name,
  late: 'realtime.unreachable',
  gates: true,
  check:
    service &&
    (async ({ signal }) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const session = service.open(
        {
          log: log.child({}, { level: 'silent' }),
          brief: { ...brief(), instructions: 'Say nothing.', tools: [], settings: {} },
          rateHz: service.rateHz(SAMPLE_RATE),
          createResponse: false,
          interruptResponse: false,
        },
        { ...unheard, onReady: resolve, onClosed: (error) => reject(failureOf(error)) },
      );
      signal.addEventListener('abort', () => reject(new Error('given up')));
      try {
        await promise;
        return {};
      } finally {
        session.close();
      }
    }),
});

const unheard: RealtimeEvents = {
  onReady: nothing,
  onSpeechStarted: nothing,
  onSpeechStopped: nothing,
  onCommitted: nothing,
  onCallerWords: nothing,
  onCallerWordsFailed: nothing,
  onResponseStarted: nothing,
  onResponseDropped: nothing,
  onAudio: nothing,
  onText: nothing,
  onToolRequest: nothing,
  onServiceTool: nothing,
  onResponseEnded: nothing,
  onWarning: nothing,
  onProblem: nothing,
  onClosed: nothing,
};

function failureOf(error: Parameters<RealtimeEvents['onClosed']>[0]): CheckFailure {
  switch (error.code) {
    case 'realtime.unauthorised':
    case 'realtime.not_found':
    case 'realtime.rejected':
      return new CheckFailure('refused', error.code, error);
    case 'realtime.throttled':
      return new CheckFailure('throttled', error.code, error);
    case 'realtime.silent':
      return new CheckFailure('unreachable', 'realtime.unreachable', error);
    default:
      return new CheckFailure('unreachable', error.code, error);
  }
}
