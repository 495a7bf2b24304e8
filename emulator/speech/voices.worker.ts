import { parentPort } from 'node:worker_threads';
import { bytesOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { messageOf } from '../../shared/errors.ts';
import type { FliteVoice } from './flite.ts';
import { PAUSE, type Phone } from './phones.ts';
import type { SpeechClip } from './speech-clip.ts';
import { toSpoken } from './spoken-text.ts';
import { TimedFlite } from './timed-flite.ts';

export interface SpeakRequest {
  readonly id: number;
  readonly sentence: string;
  readonly voice: FliteVoice;
}

export type VoicesReply =
  | { readonly type: 'ready' }
  | { readonly type: 'clip'; readonly id: number; readonly clip: SpeechClip }
  | { readonly type: 'failed'; readonly id: number; readonly reason: string };

/** Flite begins with 0.2 s of nothing, which would only add to the wait for the first word. */
const LEAD_IN_MS = 40;

const port = parentPort;
if (port === null) throw new Error('This module is a worker: start it with new Worker().');

const flite = await TimedFlite.load();
flite.speak(toSpoken('Ready.'), 'slt', 1);

port.on('message', (request: SpeakRequest) => {
  try {
    const clip = speak(request);
    port.postMessage({ type: 'clip', id: request.id, clip } satisfies VoicesReply, [clip.pcm.buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({ type: 'failed', id: request.id, reason: messageOf(error) } satisfies VoicesReply);
  }
});
port.postMessage({ type: 'ready' } satisfies VoicesReply);

function speak({ sentence, voice }: SpeakRequest): SpeechClip {
  const spoken = toSpoken(sentence);
  if (spoken.words.length === 0) return { pcm: new Uint8Array(0), words: [] };
  const { samples, phones, spans } = flite.speak(spoken, voice, 1);
  const cutMs = Math.max(0, leadingPauseMs(phones) - LEAD_IN_MS);
  return {
    pcm: bytesOf(samples.slice(Math.round((cutMs / 1000) * SAMPLE_RATE))),
    words: spoken.words.map(({ text }, index) => {
      const { startMs = 0, endMs = 0 } = spans[index] ?? {};
      return { text, startMs: Math.max(0, startMs - cutMs), durationMs: endMs - startMs };
    }),
  };
}

const leadingPauseMs = ([first]: readonly Phone[]): number => (first?.name === PAUSE ? first.endMs : 0);
