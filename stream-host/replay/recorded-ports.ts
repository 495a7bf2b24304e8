import type { CallAction, ReplyPiece, Responder } from '../contract/agent.ts';
import type { SessionEmitter } from '../contract/events.ts';
import type { AudioSink } from '../contract/line.ts';
import type { OpenRecogniser, OpenVoiceActivity, StandbyVoice, Synthesiser } from '../contract/speech.ts';
import { failureOf } from './failures.ts';
import { withoutKeys } from './hidden.ts';
import type { Tape } from './tape.ts';

/** Everything that the engine tells. */
export function recordedEvents(events: SessionEmitter, tape: Tape): SessionEmitter {
  return {
    on: (name, listener) => events.on(name, listener),
    onAny: (listener) => events.onAny(listener),
    emit(name, fields) {
      tape.decided(name, fields);
      tape.tell(() => events.emit(name, fields));
    },
    atomic: (work) => tape.tell(() => events.atomic(work)),
    inTurn: (task) => tape.tell(() => events.inTurn(task)),
  };
}

export function recordedSink(sink: AudioSink, tape: Tape): AudioSink {
  return {
    sendAudio(frames) {
      tape.decided('sent', { bytes: frames.length });
      return tape.tell(() => sink.sendAudio(frames));
    },
    stopAudio(cause) {
      tape.decided('stopped', { cause });
      tape.tell(() => sink.stopAudio(cause));
    },
  };
}

export function recordedVoiceActivity(open: OpenVoiceActivity, tape: Tape): OpenVoiceActivity {
  let opened = 0;
  return (events) => {
    opened += 1;
    const of = opened;
    return open({
      onFrame(probability, atMs) {
        // As exactly as the record holds it.
        const p = Math.round(probability * 10_000) / 10_000;
        const m = tape.at(atMs);
        tape.step('frame', { p, m, of }, () => events.onFrame(p, m));
      },
      onFailure: (error) =>
        tape.later('detector-failed', { of, error: failureOf(error) }, () => events.onFailure(error)),
    });
  };
}

export function recordedRecogniser(open: OpenRecogniser, tape: Tape): OpenRecogniser {
  let opened = 0;
  const hide = (text: string) => tape.hiding.text(text);
  return (events) => {
    opened += 1;
    const of = opened;
    const recogniser = open({
      onPartial: (text, from, endMs) =>
        tape.later('partial', { of, text: hide(text), from, to: bounded(endMs) }, () =>
          events.onPartial(text, from, endMs),
        ),
      onFinal: (text, from, endMs, details) =>
        tape.later('final', { of, text: hide(text), from, to: bounded(endMs) }, () =>
          events.onFinal(text, from, endMs, details),
        ),
      onNoWords: (from, endMs) =>
        tape.later('no-words', { of, from, to: bounded(endMs) }, () => events.onNoWords(from, endMs)),
      onState: (state, error) =>
        tape.later('recogniser', { of, state, ...(error && { error: failureOf(error) }) }, () =>
          events.onState(state, error),
        ),
    });
    return {
      write: (pcm) => recogniser.write(pcm),
      restart() {
        tape.decided('recogniser-restarted', { of });
        recogniser.restart();
      },
      close: () => recogniser.close(),
    };
  };
}

const bounded = (endMs: number): number | null => (Number.isFinite(endMs) ? endMs : null);

export function recordedSynthesiser(synthesiser: Synthesiser, tape: Tape): Synthesiser {
  let asked = 0;
  return {
    speak(text, voice, signal) {
      asked += 1;
      const of = asked;
      tape.decided('voice-asked', { of, text });
      return taken(synthesiser.speak(text, voice, signal), {
        item: (piece, give) => {
          if (piece.type === 'audio') tape.later('voice', { of, bytes: piece.pcm.length }, give);
          else {
            const { text, startMs, durationMs } = piece;
            tape.later('word', { of, word: { text: tape.hiding.text(text), startMs, durationMs } }, give);
          }
        },
        end: (give) => tape.later('voiced', { of }, give),
        failure: (error, give) => tape.later('voiced', { of, error: failureOf(error) }, give),
      });
    },
  };
}

export function recordedStandby(standby: StandbyVoice, tape: Tape): StandbyVoice {
  return {
    speech(purpose, text, voice) {
      const speech = standby.speech(purpose, text, voice);
      tape.answered('clip', [tape.hiding.text(speech.text), speech.pcm.length]);
      return speech;
    },
  };
}

export function recordedResponder(responder: Responder, tape: Tape): Responder {
  let asked = 0;
  const { locale, phrases, voice } = responder;
  return {
    ...{ locale, phrases, voice },
    respond(history, signal) {
      asked += 1;
      const of = asked;
      tape.decided('model-asked', { of, items: history.length, last: history.at(-1) });
      const chunks = tape.hiding.chunks();
      const kept = (piece: ReplyPiece) => {
        if (piece.type === 'call-action') return tape.hiding.json({ ...piece, action: withoutKeys(piece.action) });
        if (piece.type !== 'text') return tape.hiding.json(piece);
        const chunk = { ...piece };
        chunks.add(chunk);
        return chunk;
      };
      const ended = (fields: object, give: () => void) => {
        chunks.end();
        tape.later('answered', { of, ...fields }, give);
      };
      return taken(responder.respond(history, signal), {
        item: (piece, give) => tape.later('chunk', { of, piece: kept(piece) }, give),
        end: (give) => ended({}, give),
        failure: (error, give) => ended({ error: failureOf(error) }, give),
      });
    },
  };
}

/** What the agent wants done with the call. */
export function recordedAct(act: (action: CallAction) => void, tape: Tape): (action: CallAction) => void {
  return (action) => {
    tape.decided('acted', withoutKeys(action));
    tape.tell(() => act(action));
  };
}

interface Taking<Item> {
  readonly item: (item: Item, give: () => void) => void;
  readonly end: (give: () => void) => void;
  readonly failure: (error: unknown, give: () => void) => void;
}

/** A stream, each item of which reaches its reader when the tape has taken it. A reader who goes away waits for nobody. */
function taken<Item>(source: AsyncIterable<Item>, taking: Taking<Item>): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator]() {
      const items = source[Symbol.asyncIterator]();
      return {
        next: () =>
          new Promise((resolve, reject) => {
            items.next().then(
              (result) => {
                const give = () => resolve(result);
                if (result.done) taking.end(give);
                else taking.item(result.value, give);
              },
              (error: unknown) => taking.failure(error, () => reject(error)),
            );
          }),
        return() {
          // What it leaves behind is its own affair.
          items.return?.().then(undefined, () => {});
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
}
