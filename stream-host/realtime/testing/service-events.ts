import { REQUEST_KEY } from '../dialect.ts';
import { type Fields, isFields } from '../fields.ts';
import type { Script } from './scripted-service.ts';

export type ServiceName = 'openai' | 'voice-live';

/** The events of a service as it writes them, for scripts. */
export function serviceEvents(service: ServiceName) {
  const isOpenAi = service === 'openai';
  const audioName = isOpenAi ? 'response.output_audio' : 'response.audio';
  const session = (type: string, fields: Fields): Fields => ({
    type,
    event_id: 'event-1',
    session: { id: 'session-1', ...fields },
  });
  const inResponse = (responseId: string, itemId: string): Fields => ({
    response_id: responseId,
    item_id: itemId,
    output_index: 0,
    content_index: 0,
  });
  return {
    sessionCreated: (fields: Fields = {}) => session('session.created', fields),
    sessionUpdated: (fields: Fields = {}) => session('session.updated', fields),
    /** A session that is taken as it was asked. `expiresAt`: in seconds since 1970. */
    handshake: (expiresAt?: number): Script => [
      { say: [session('session.created', expiresAt === undefined ? {} : { expires_at: expiresAt })] },
      { on: 'session.update', say: ({ session: asked }) => [session('session.updated', isFields(asked) ? asked : {})] },
    ],
    speechStarted: (itemId: string, atMs: number): Fields => ({
      type: 'input_audio_buffer.speech_started',
      item_id: itemId,
      audio_start_ms: atMs,
    }),
    speechStopped: (itemId: string, atMs: number): Fields => ({
      type: 'input_audio_buffer.speech_stopped',
      item_id: itemId,
      audio_end_ms: atMs,
    }),
    committed: (itemId: string, previousItemId: string | null = null): Fields => ({
      type: 'input_audio_buffer.committed',
      item_id: itemId,
      previous_item_id: previousItemId,
    }),
    callerDelta: (itemId: string, delta: string): Fields => ({
      type: 'conversation.item.input_audio_transcription.delta',
      item_id: itemId,
      content_index: 0,
      delta,
    }),
    callerWords: (itemId: string, transcript: string): Fields => ({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: itemId,
      content_index: 0,
      transcript,
    }),
    /** An item of the client's is in the conversation. */
    itemAdded: (item: unknown): Fields => ({
      type: isOpenAi ? 'conversation.item.added' : 'conversation.item.created',
      previous_item_id: null,
      item,
    }),
    responseCreated: (responseId: string, requestId?: unknown): Fields => ({
      type: 'response.created',
      response: {
        id: responseId,
        status: 'in_progress',
        metadata: typeof requestId === 'string' ? { [REQUEST_KEY]: requestId } : null,
      },
    }),
    responseDone: (responseId: string, status = 'completed', details: unknown = null): Fields => ({
      type: 'response.done',
      response: {
        id: responseId,
        status,
        status_details: details,
        usage: {
          total_tokens: 30,
          input_tokens: 20,
          output_tokens: 10,
          input_token_details: { cached_tokens: 5, audio_tokens: 15 },
          output_token_details: { audio_tokens: 8 },
        },
      },
    }),
    audio: (responseId: string, itemId: string, pcm: Uint8Array): Fields => ({
      type: `${audioName}.delta`,
      ...inResponse(responseId, itemId),
      delta: Buffer.from(pcm).toString('base64'),
    }),
    text: (responseId: string, itemId: string, delta: string): Fields => ({
      type: `${audioName}_transcript.delta`,
      ...inResponse(responseId, itemId),
      delta,
    }),
    outputItemAdded: (responseId: string, item: Fields): Fields => ({
      type: 'response.output_item.added',
      response_id: responseId,
      output_index: 0,
      item,
    }),
    outputItemDone: (responseId: string, item: Fields): Fields => ({
      type: 'response.output_item.done',
      response_id: responseId,
      output_index: 0,
      item,
    }),
    callArguments: (responseId: string, itemId: string, callId: string, args: string): Fields => ({
      type: 'response.function_call_arguments.done',
      ...inResponse(responseId, itemId),
      call_id: callId,
      arguments: args,
    }),
    serviceTool: (itemId: string, state: 'in_progress' | 'completed' | 'failed'): Fields => ({
      type: `response.mcp_call.${state}`,
      item_id: itemId,
      output_index: 0,
    }),
    error: (code: string, fields: Fields = {}): Fields => ({
      type: 'error',
      event_id: 'event-2',
      error: { type: 'invalid_request_error', code, message: 'No.', ...fields },
    }),
  };
}
