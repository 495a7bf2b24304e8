import { pino } from 'pino';
import { countedIds } from '../../../shared/ids.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { RealtimeBrief, RealtimeEvents, RealtimeOptions, RealtimeSettings } from '../../contract/realtime.ts';
import type { Dialect } from '../dialect.ts';
import { OpenAiDialect } from '../openai-dialect.ts';
import { realtimeOver } from '../realtime-service.ts';
import { VoiceLiveDialect } from '../voice-live-dialect.ts';
import { type Script, ScriptedService } from './scripted-service.ts';
import { type ServiceName, serviceEvents } from './service-events.ts';

/** What a session told, each as its name and what came with it. */
export type Told = readonly [name: keyof RealtimeEvents, ...rest: unknown[]];

/** Listens to all events of a session and writes them down; `also` may do something about one. */
export function recordedEvents(told: Told[], also: Partial<RealtimeEvents> = {}): RealtimeEvents {
  const note = <Args extends unknown[]>(name: keyof RealtimeEvents, more?: (...args: Args) => void) => {
    return (...args: Args): void => {
      told.push([name, ...args]);
      more?.(...args);
    };
  };
  return {
    onReady: note('onReady', also.onReady),
    onSpeechStarted: note('onSpeechStarted', also.onSpeechStarted),
    onSpeechStopped: note('onSpeechStopped', also.onSpeechStopped),
    onCommitted: note('onCommitted', also.onCommitted),
    onCallerWords: note('onCallerWords', also.onCallerWords),
    onCallerWordsFailed: note('onCallerWordsFailed', also.onCallerWordsFailed),
    onResponseStarted: note('onResponseStarted', also.onResponseStarted),
    onResponseDropped: note('onResponseDropped', also.onResponseDropped),
    onAudio: note('onAudio', also.onAudio),
    onText: note('onText', also.onText),
    onToolRequest: note('onToolRequest', also.onToolRequest),
    onServiceTool: note('onServiceTool', also.onServiceTool),
    onResponseEnded: note('onResponseEnded', also.onResponseEnded),
    onWarning: note('onWarning', also.onWarning),
    onProblem: note('onProblem', also.onProblem),
    onClosed: note('onClosed', also.onClosed),
  };
}

export const testBrief = (settings: RealtimeSettings = {}): RealtimeBrief => ({
  instructions: 'Be kind.',
  locale: 'en-US',
  voice: 'en-US-AvaMultilingualNeural',
  tools: [{ name: 'look_up', description: 'Looks up.', parameters: { type: 'object', properties: {} } }],
  settings,
});

export const testDialect = (service: ServiceName): Dialect =>
  service === 'openai'
    ? new OpenAiDialect({ transcriptionModel: 'writer', secretOf: () => undefined })
    : new VoiceLiveDialect({ isAgentMode: false, secretOf: () => undefined });

export interface ScriptedOptions extends Partial<RealtimeOptions> {
  readonly also?: Partial<RealtimeEvents>;
  /** Without one: a session that is taken as it was asked, and nothing more. */
  readonly scripts?: readonly Script[];
}

/** A session with a scripted service, on a clock that stands still. */
export function openScripted(service: ServiceName, { also, scripts, ...options }: ScriptedOptions = {}) {
  const clock = new VirtualClock();
  const wire = serviceEvents(service);
  const far = new ScriptedService({ clock, scripts: scripts ?? [wire.handshake()] });
  const told: Told[] = [];
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const realtime = realtimeOver(testDialect(service), far.open, { clock, newId: countedIds('request') });
  const session = realtime.open(
    { log, brief: testBrief(), rateHz: 16_000, createResponse: true, interruptResponse: true, ...options },
    recordedEvents(told, also),
  );
  return {
    clock,
    wire,
    far,
    told,
    logged,
    session,
    /** What was told of one kind, without its name. */
    of: (name: keyof RealtimeEvents) => told.filter(([each]) => each === name).map(([, ...rest]) => rest),
  };
}
