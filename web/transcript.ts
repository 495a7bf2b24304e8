import { agentName, type Dialogue, EMPTY_DIALOGUE, type Line, note, seal, speakerName } from './dialogue.ts';

/** One talk on this page, or one call on its simulated phone. */
export interface Part {
  readonly id: number;
  readonly kind: 'talk' | 'call';
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Empty until the server has named it. */
  readonly sessionId: string;
  readonly over: boolean;
  readonly dialogue: Dialogue;
}

/** All that was said on this page, in order. Immutable: a part that did not change is the same object. */
export interface Transcript {
  readonly parts: readonly Part[];
  readonly nextId: number;
}

export const EMPTY_TRANSCRIPT: Transcript = { parts: [], nextId: 1 };

/** Older ones leave the page. */
const MOST_PARTS = 20;

/** Begins a part. Its id is the transcript's `nextId` of before. */
export function begin(
  { parts, nextId }: Transcript,
  part: Pick<Part, 'kind' | 'title' | 'startedAt' | 'sessionId'>,
): Transcript {
  const begun: Part = { ...part, id: nextId, over: false, dialogue: EMPTY_DIALOGUE };
  return { parts: [...parts, begun].slice(-MOST_PARTS), nextId: nextId + 1 };
}

export function change(transcript: Transcript, id: number, changed: (part: Part) => Part): Transcript {
  const parts = transcript.parts.map((part) => (part.id === id ? changed(part) : part));
  return parts.every((part, i) => part === transcript.parts[i]) ? transcript : { ...transcript, parts };
}

/** The part with another dialogue; the same part where the dialogue is the same. */
export function withDialogue(part: Part, dialogue: Dialogue): Part {
  return dialogue === part.dialogue ? part : { ...part, dialogue };
}

/** Ends a part, and says how. What stands in it is never changed again. */
export function end(part: Part, text: string, at: number): Part {
  if (part.over) return part;
  const { spent } = part.dialogue;
  const ended = note(seal(part.dialogue, 'ended here'), text, at);
  return { ...part, over: true, dialogue: seal(spent === undefined ? ended : note(ended, spent, at)) };
}

/** A part that is over, with what it has come to in the end: what was broken off by its end is counted last. */
export function withSpent(part: Part, spent: string, at: number): Part {
  const { dialogue } = part;
  if (!part.over || dialogue.spent === spent) return part;
  const lines = dialogue.lines.filter(({ kind, text }) => kind !== 'note' || text !== dialogue.spent);
  return { ...part, dialogue: seal(note({ ...dialogue, lines, spent }, spent, at)) };
}

/** What a reload finds again. */
export const save = (transcript: Transcript): string => JSON.stringify({ version: 1, transcript });

/** Whatever was under way when the page was left is sealed. Nothing where there is nothing, or of another release. */
export function restore(saved: string | null): Transcript {
  try {
    const { version, transcript } = JSON.parse(saved ?? '') as { version: number; transcript: Transcript };
    if (version !== 1) return EMPTY_TRANSCRIPT;
    const parts = transcript.parts.map((part) => (part.over ? part : { ...part, dialogue: seal(part.dialogue) }));
    return { ...transcript, parts };
  } catch {
    return EMPTY_TRANSCRIPT;
  }
}

/** The transcript as text, to be copied or kept. Times are of this machine. */
export function asText({ parts }: Transcript): string {
  return parts
    .map(({ title, startedAt, sessionId, dialogue }) => {
      const head = `${title}, ${new Date(startedAt).toLocaleString()}${sessionId && `, session ${sessionId}`}`;
      return [head, ...dialogue.lines.flatMap(lineAsText)].join('\n');
    })
    .join('\n\n');
}

export const timeOf = (at: number): string => new Date(at).toLocaleTimeString([], { hour12: false });

function lineAsText(line: Line): string[] {
  const time = timeOf(line.at);
  if (line.kind === 'note') return [`${time}  (${line.text})`];
  const broken = line.broken ? ` [${line.broken}]` : '';
  if (line.kind === 'caller') return [`${time}  ${speakerName(line.speaker)}: ${line.text}${broken}`];
  const { spoken, text, tools, latency } = line;
  const words = spoken?.unheard ? `${spoken.heard}[not heard: ${spoken.unheard.trim()}]` : text;
  return [
    ...tools.map(
      ({ name, args, result, state, elapsedMs }) =>
        `${time}  Tool ${name} ${JSON.stringify(args)} -> ${state}${elapsedMs === undefined ? '' : ` in ${Math.round(elapsedMs)} ms`} ${JSON.stringify(result) ?? ''}`,
    ),
    `${time}  ${agentName(line)}: ${words}${broken}${latency ? ` [first sound after ${Math.round(latency.firstSoundMs)} ms]` : ''}`,
  ];
}
