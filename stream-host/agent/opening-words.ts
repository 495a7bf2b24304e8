import { withoutControls } from '../../shared/control-characters.ts';
import type { AgentRecording, Phrases, SessionFacts } from '../contract/agent.ts';

const LONGEST_VALUE = 100;
const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/gi;

export const placeholdersOf = (text: string): string[] => [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);

interface OpeningWords {
  readonly phrases: Phrases;
  /** A greeting with names of the call's context in braces. */
  readonly contextGreeting?: string | undefined;
  readonly session: SessionFacts;
  readonly recording: AgentRecording | undefined;
}

/**
 * The agent's phrases in this call: greeted is who the call's context names, and who is recorded from the beginning is told
 * so before anything else.
 */
export function phrasesIn({ phrases, contextGreeting, session, recording }: OpeningWords): Phrases {
  const greeting = filledIn(contextGreeting, session.context) ?? phrases.greeting;
  const notice = recording?.fromStart ? recording.notice : false;
  return { ...phrases, greeting: notice === false ? greeting : `${notice} ${greeting}` };
}

/** Undefined where the context does not have all that is named. */
function filledIn(text: string | undefined, context: SessionFacts['context'] = {}): string | undefined {
  const names = placeholdersOf(text ?? '');
  if (text === undefined || names.some((name) => wordsOf(context[name]) === '')) return undefined;
  return text.replaceAll(PLACEHOLDER, (_, name: string) => wordsOf(context[name]));
}

const wordsOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number'
    ? withoutControls(String(value)).trim().slice(0, LONGEST_VALUE)
    : '';
