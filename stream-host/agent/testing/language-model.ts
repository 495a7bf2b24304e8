import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { ChatAnswer, ChatModel, ChatRequest } from '../../../emulator/openai/chat-wire.ts';
import { OpenAiService } from '../../../emulator/openai/openai-service.ts';
import type { RunnableTool } from '../../../shared/agents/tool.ts';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { onlyProvider } from '../../../shared/providers/provider.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import { listening } from '../../../shared/testing/listening.ts';
import type { ReplyPiece } from '../../contract/agent.ts';
import type { Agent } from '../agent-definition.ts';
import { DeploymentTraits } from '../deployment-traits.ts';
import { openModelClient } from '../model-client.ts';
import { type ModelLimits, ModelResponder } from '../model-responder.ts';
import { defaultPhrases } from '../phrases.ts';

/** What the model answers to one request: the same to the last one for ever after. */
type Step = ChatAnswer | ((request: ChatRequest) => ChatAnswer);

export const CALLER: readonly HistoryItem[] = [{ role: 'caller', text: 'Hello?' }];

export const say = (text: string): ChatAnswer => ({ text, calls: [] });

export const call = (name: string, args: object, text = ''): ChatAnswer => ({
  text,
  calls: [{ name, args: JSON.stringify(args) }],
});

export const testAgent = (tools: readonly RunnableTool[] = []): Agent => ({
  name: 'test',
  description: 'A test.',
  locale: 'en-US',
  timeZone: 'America/New_York',
  phrases: defaultPhrases('en-US', 'Hello.'),
  phrasesIn: (locale) => defaultPhrases(locale, 'Hello.'),
  voice: 'en-US-AvaMultilingualNeural',
  prompt: 'Be kind.',
  model: { maxTokens: 100, omit: [] },
  tools: new Map(tools.map((tool) => [tool.name, tool])),
  turns: {},
  languages: ['en-US'],
  canEndCall: true,
  realtime: {},
});

interface BenchOptions {
  readonly agent?: Agent;
  readonly tools?: readonly RunnableTool[];
  readonly limits?: Partial<ModelLimits>;
  readonly firstTokenMs?: number;
  readonly tokenMs?: number;
  readonly now?: () => Date;
  readonly clock?: Clock;
}

/** A responder that talks through the real client with the emulator's service; `script` is what the model says there. */
export async function startModel(
  context: TestContext,
  script: readonly Step[] | ChatModel,
  options: BenchOptions = {},
) {
  const requests: ChatRequest[] = [];
  const model: ChatModel = {
    name: 'answer' in script ? script.name : 'test-model',
    answer(request) {
      requests.push(request);
      if ('answer' in script) return script.answer(request);
      const step = script[Math.min(requests.length, script.length) - 1];
      if (!step) throw new Error('the script is empty');
      return typeof step === 'function' ? step(request) : step;
    },
  };
  const log = pino({ level: 'silent' });
  const { firstTokenMs = 1, tokenMs = 1, tools, agent = testAgent(tools), limits, now, clock = systemClock } = options;
  const service = new OpenAiService({ log, key: 'key', model, pace: { firstTokenMs, tokenMs } });
  const closed = Promise.withResolvers<'early' | 'whole'>();
  const server = createServer((request, response) => {
    response.on('close', () => closed.resolve(response.writableFinished ? 'whole' : 'early'));
    service.handle(request, response);
  });
  let connectionCount = 0;
  server.on('connection', () => {
    connectionCount += 1;
  });
  const port = await listening(server);
  const stop = async () => {
    if (!server.listening) return;
    service.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  context.after(stop);

  const client = openModelClient({ baseUrl: `http://127.0.0.1:${port}/openai/v1`, apiKey: 'key' });
  const responder = new ModelResponder({
    models: onlyProvider('chat-model', { client, deployment: 'deployment', traits: new DeploymentTraits() }, clock),
    agent,
    session: { sessionId: 'session-1', direction: 'inbound' },
    clock,
    log,
    ...(limits && { limits }),
    ...(now && { now }),
  });
  /** `connectionClosed`: how the first answer's connection ended, seen from the server. */
  return { responder, requests, client, stop, connectionClosed: closed.promise, connections: () => connectionCount };
}

export async function collect(pieces: AsyncIterable<ReplyPiece>): Promise<ReplyPiece[]> {
  const all: ReplyPiece[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

export const textOf = (pieces: readonly ReplyPiece[]): string =>
  pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
