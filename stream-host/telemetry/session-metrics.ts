import type { MetricSink } from '../../shared/telemetry/metric.ts';
import { DIMENSION, METRIC } from '../../shared/telemetry/names.ts';
import { toldTool } from '../../shared/telemetry/told-tool.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { ServedRequest } from '../contract/recorder.ts';
import type { OpenedSession, SessionObserver } from '../contract/session-observer.ts';

/** Counts what happens in one session, together with all others: nothing of it says whose it was. */
export class SessionMetrics implements SessionObserver {
  readonly #metrics: MetricSink;
  readonly #mode: { readonly [DIMENSION.mode]: string };

  constructor(metrics: MetricSink, { session, resumed }: OpenedSession) {
    this.#metrics = metrics;
    this.#mode = { [DIMENSION.mode]: session.mode };
    metrics.record(METRIC.sessionsOpened, 1, this.#mode);
    if (resumed) metrics.record(METRIC.sessionsResumed, 1, this.#mode);
  }

  follow(events: SessionEventSource): void {
    const metrics = this.#metrics;
    const mode = this.#mode;
    events.on('turnLatency', ({ wordsMs, recognisedMs, firstTokenMs, firstVoiceMs, firstAudioMs, typed }) => {
      // Nobody had to hear what was typed.
      if (!typed) {
        metrics.record(METRIC.words, wordsMs, mode);
        metrics.record(METRIC.recognised, recognisedMs, mode);
      }
      metrics.record(METRIC.firstToken, firstTokenMs, mode);
      metrics.record(METRIC.firstVoice, firstVoiceMs, mode);
      metrics.record(METRIC.firstAudio, firstAudioMs, mode);
    });
    events.on('agentSpoke', () => metrics.record(METRIC.turns, 1, mode));
    events.on('bargeIn', () => metrics.record(METRIC.bargeIns, 1, mode));
    events.on('replyHeld', ({ soundMs }) => {
      if (soundMs !== undefined) metrics.record(METRIC.bargeInReaction, soundMs, mode);
    });
    events.on('replyResumed', () => metrics.record(METRIC.heldReplies, 1, mode));
    events.on('waitFilled', ({ kind }) => metrics.record(METRIC.waitsFilled, 1, { [DIMENSION.reason]: kind }));
    events.on('draftDropped', () => metrics.record(METRIC.draftsDropped, 1));
    events.on('toolEnded', (ended) =>
      metrics.record(METRIC.toolRun, ended.elapsedMs, { [DIMENSION.tool]: toldTool(ended) }),
    );
    events.on('fault', ({ code }) => metrics.record(METRIC.faults, 1, { [DIMENSION.reason]: code }));
    events.on('ended', () => metrics.record(METRIC.sessionsEnded, 1, mode));
  }

  /** A caller waited, and heard nothing, for longer than he was promised. */
  silence(ms: number): void {
    this.#metrics.record(METRIC.silences, 1, this.#mode);
    this.#metrics.record(METRIC.silence, ms, this.#mode);
  }

  lost(events: number): void {
    this.#metrics.record(METRIC.eventsLost, events, this.#mode);
  }

  readonly served = ({ service, startedAtMs, firstAtMs }: ServedRequest): void => {
    if (firstAtMs === undefined) return;
    const metric = service === 'speech-synthesis' ? METRIC.synthesisFirstByte : METRIC.modelFirstToken;
    this.#metrics.record(metric, Math.max(0, firstAtMs - startedAtMs));
  };
}
