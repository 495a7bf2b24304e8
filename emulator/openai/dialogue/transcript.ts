import type { ChatMessage } from '../chat-wire.ts';

export interface CallRecord {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Undefined until the tool has answered. */
  result: unknown;
}

/** What the caller said, and what the agent did and said about it. The first turn has no words where the agent greeted. */
export interface Turn {
  readonly caller: string;
  readonly agent: string[];
  readonly calls: CallRecord[];
}

/** The messages of a chat request, as turns. Never empty. */
export function readTurns(messages: readonly ChatMessage[]): Turn[] {
  const turns: Turn[] = [];
  const calls = new Map<string, CallRecord>();
  let turn: Turn = { caller: '', agent: [], calls: [] };
  for (const message of messages) {
    if (message.role === 'user') {
      if (turn.caller !== '' || turn.agent.length > 0) turns.push(turn);
      turn = { caller: message.content, agent: [], calls: [] };
    } else if (message.role === 'assistant') {
      if (message.content !== '') turn.agent.push(message.content);
      for (const call of message.tool_calls ?? []) {
        const record = {
          name: call.function.name,
          args: asObject(parseJson(call.function.arguments)),
          result: undefined,
        };
        calls.set(call.id, record);
        turn.calls.push(record);
      }
    } else if (message.role === 'tool') {
      const record = calls.get(message.tool_call_id);
      if (record) record.result = parseJson(message.content);
    }
  }
  return [...turns, turn];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};
