import type { AudioSink } from '../../contract/line.ts';
import { Conversation, type ConversationOptions } from '../../conversation/conversation.ts';
import { type HearingPorts, listenWith } from '../../conversation/ear/caller-line.ts';
import { Playout, type PlayoutClock, type PlayoutOptions } from '../../playout/playout.ts';

/** What MEDIA hears and speaks with. */
export interface MediaSpeech extends HearingPorts, Pick<ConversationOptions, 'synthesiser' | 'standby'> {
  /** Paces the agent's frames, of all sessions together. The same time as the session's clock, which it is by default. */
  readonly playoutClock?: PlayoutClock | undefined;
  readonly untilQuietMs?: PlayoutOptions['untilQuietMs'];
}

export type MediaConversationOptions = MediaSpeech &
  Omit<ConversationOptions, 'openEar' | 'openMouth'> & { readonly sink: AudioSink };

/** A conversation that hears the caller's audio and speaks in frames. */
export function mediaConversation(options: MediaConversationOptions): Conversation {
  const { clock, events, sink, playoutClock = clock, untilQuietMs } = options;
  const inTurn = (task: () => void) => events.inTurn(task);
  return new Conversation({
    ...options,
    openEar: listenWith(options),
    openMouth: (mouth, policy) => new Playout({ clock: playoutClock, sink, inTurn, untilQuietMs, ...policy, ...mouth }),
  });
}
