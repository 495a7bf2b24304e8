import type { Attention, CallNews } from '../contract/call-news.ts';
import type { InputSink } from '../contract/inputs.ts';
import type { Mode } from '../contract/mode.ts';
import type { Conversation } from '../conversation/conversation.ts';
import { turnPolicy } from '../conversation/turns/turn-policy.ts';
import { type MediaConversationOptions, mediaConversation } from '../modes/media/media-conversation.ts';
import {
  recordedAct,
  recordedEvents,
  recordedRecogniser,
  recordedResponder,
  recordedSink,
  recordedStandby,
  recordedSynthesiser,
  recordedVoiceActivity,
} from './recorded-ports.ts';
import { recordedSenses } from './recorded-senses.ts';
import { FORMAT } from './step.ts';
import { Tape } from './tape.ts';

interface RecordedConversationOptions {
  readonly inputs: InputSink;
  /** Whose turns and phrases these are, for whoever wants to know what others would have led to. */
  readonly agent: string;
}

/** All that anybody calls of a conversation: what is not called here would not be on the record. */
type Everything = Pick<Conversation, (keyof Mode & keyof Conversation) | 'history' | 'state'>;

/**
 * A conversation of which a record holds all that reaches it. It behaves as one that is not recorded, but for this: within
 * a step its clock stands still, and levels, probabilities and times have the digits that the record holds.
 */
export class RecordedConversation implements Everything {
  readonly #conversation: Conversation;
  readonly #tape: Tape;

  constructor(options: MediaConversationOptions, { inputs, agent }: RecordedConversationOptions) {
    const { clock, playoutClock, events, sink, openVoiceActivity, openRecogniser, synthesiser, standby } = options;
    const { responder, history = [], turns = 0, policy = {}, isPlaced = false, act } = options;
    const { locale, voice, phrases } = responder;
    const tape = new Tape({ clock, playoutClock, sink: inputs });
    this.#tape = tape;
    tape.begin({
      format: FORMAT,
      ...{ agent, locale, voice, phrases, history: tape.hiding.json(history), turns },
      placed: isPlaced,
      changes: policy,
      policy: turnPolicy(policy),
      paced: playoutClock !== undefined,
      standby: standby !== undefined,
      acts: act !== undefined,
    });
    const { untilQuietMs, ...senses } = recordedSenses(tape);
    this.#conversation = mediaConversation({
      ...options,
      clock: tape.clock,
      playoutClock: tape.playoutClock,
      events: recordedEvents(events, tape),
      sink: recordedSink(sink, tape),
      openVoiceActivity: recordedVoiceActivity(openVoiceActivity, tape),
      openRecogniser: recordedRecogniser(openRecogniser, tape),
      synthesiser: recordedSynthesiser(synthesiser, tape),
      standby: standby && recordedStandby(standby, tape),
      responder: recordedResponder(responder, tape),
      senses,
      untilQuietMs,
      act: act && recordedAct(act, tape),
    });
  }

  /** What was said and done, cut to what was heard. */
  get history(): Conversation['history'] {
    return this.#conversation.history;
  }

  get state(): Conversation['state'] {
    return this.#conversation.state;
  }

  start(isUnnoticed = false): void {
    this.#tape.step('start', { ...(isUnnoticed && { unnoticed: true }) }, () => this.#conversation.start(isUnnoticed));
  }

  audio(pcm: Uint8Array): void {
    this.#tape.audio(pcm.length);
    this.#conversation.audio(pcm);
  }

  pressed(tone: string): void {
    this.#tape.step('pressed', { tone }, () => this.#conversation.pressed(tone));
  }

  typed(text: string): void {
    this.#tape.step('typed', { text: this.#tape.hiding.text(text) }, () => this.#conversation.typed(text));
  }

  interrupt(): void {
    this.#tape.step('interrupt', {}, () => this.#conversation.interrupt());
  }

  told(news: CallNews): void {
    const tape = this.#tape;
    const { item, speech, onSpoken, aside, topic } = news;
    const told = {
      item: tape.hiding.json(item),
      speech: tape.hiding.json(speech),
      ...(onSpoken && { awaited: true }),
      ...(aside && { aside }),
      ...(topic !== undefined && { topic }),
    };
    tape.step('told', told, () =>
      this.#conversation.told({
        ...news,
        ...(onSpoken && {
          onSpoken(heard) {
            tape.decided('news-spoken', { heard });
            tape.tell(() => onSpoken(heard));
          },
        }),
      }),
    );
  }

  attend(to: Attention): void {
    this.#tape.step('attend', { to }, () => this.#conversation.attend(to));
  }

  close(reason: string): void {
    this.#tape.step('close', { reason }, () => this.#conversation.close(reason));
    this.#tape.finish();
  }
}

/** MEDIA as it is, or recorded where the session has somewhere to record to; see `MediaOptions.converse`. */
export function recordable(
  options: MediaConversationOptions,
  { inputs, agentName }: { readonly inputs?: InputSink | undefined; readonly agentName: string },
): Mode {
  if (!inputs?.keepsWords) return mediaConversation(options);
  return new RecordedConversation(options, { inputs, agent: agentName });
}
