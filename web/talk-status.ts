import type { Connection } from './connection.ts';

/** What goes on in a talk, as far as one can see it from here. */
export interface TalkMood {
  /** The agent's voice comes out of the loudspeaker. */
  readonly playing: boolean;
  /** The server is recognising words of ours. */
  readonly hearing: boolean;
  /** Our words are finished; the answer is not there yet. */
  readonly thinking: boolean;
  readonly muted: boolean;
}

/** What goes on beside a talk. */
export interface Surroundings {
  /** A talk was left by a reload and can go on. */
  readonly waiting: boolean;
  readonly onPhone: boolean;
  /** Somebody answers in the mode that the talk is in. */
  readonly answers: boolean;
}

/** One line that tells what is going on. */
export function talkStatus(
  connection: Connection,
  mood: TalkMood,
  { waiting, onPhone, answers }: Surroundings,
): string {
  switch (connection.name) {
    case 'idle':
    case 'closed':
      if (onPhone) return 'You are on the phone';
      if (waiting) return 'Your talk was left here and can go on';
      return connection.name === 'idle' ? 'Ready when you are' : 'The talk is over';
    case 'connecting':
      return 'Connecting…';
    case 'waiting':
      return `Trying again in ${Math.ceil(connection.retryInMs / 1000)} s`;
    case 'open':
      return answers ? openStatus(mood) : unansweredStatus(mood);
  }
}

function openStatus({ playing, hearing, thinking, muted }: TalkMood): string {
  if (playing) return muted ? 'The agent is speaking. You are muted' : 'The agent is speaking. Just talk to cut in';
  if (muted) return 'You are muted';
  if (hearing) return 'Hearing you';
  return thinking ? 'One moment' : 'Listening';
}

function unansweredStatus({ playing, hearing, muted }: TalkMood): string {
  if (muted) return 'You are muted';
  if (playing) return 'The notice is being spoken';
  return hearing ? 'Hearing you' : 'Listening. Nobody answers';
}
