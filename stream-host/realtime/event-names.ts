import type { EventKind, EventNames } from './server-event.ts';

type Table = Readonly<Record<string, EventKind | 'known'>>;

/** What both services call alike. */
const COMMON: Table = {
  'session.created': 'sessionCreated',
  'session.updated': 'sessionUpdated',
  error: 'error',
  'input_audio_buffer.speech_started': 'speechStarted',
  'input_audio_buffer.speech_stopped': 'speechStopped',
  'input_audio_buffer.committed': 'committed',
  'input_audio_buffer.cleared': 'known',
  'conversation.item.input_audio_transcription.delta': 'callerDelta',
  'conversation.item.input_audio_transcription.completed': 'callerCompleted',
  'conversation.item.input_audio_transcription.failed': 'callerFailed',
  'conversation.item.retrieved': 'known',
  'conversation.item.truncated': 'known',
  'conversation.item.deleted': 'known',
  'response.created': 'responseCreated',
  'response.done': 'responseDone',
  'response.output_item.added': 'outputItemAdded',
  'response.output_item.done': 'outputItemDone',
  'response.content_part.added': 'known',
  'response.content_part.done': 'known',
  'response.function_call_arguments.delta': 'known',
  'response.function_call_arguments.done': 'callArguments',
  'response.mcp_call_arguments.delta': 'known',
  'response.mcp_call_arguments.done': 'known',
  'response.mcp_call.in_progress': 'serviceToolStarted',
  'response.mcp_call.completed': 'serviceToolCompleted',
  'response.mcp_call.failed': 'serviceToolFailed',
  'mcp_list_tools.in_progress': 'known',
  'mcp_list_tools.completed': 'known',
  'mcp_list_tools.failed': 'toolListFailed',
  'rate_limits.updated': 'known',
  'output_audio_buffer.cleared': 'known',
};

const namesOf = (own: Table): EventNames => new Map(Object.entries({ ...COMMON, ...own }));

/** Azure OpenAI Realtime, the general protocol of `/openai/v1/realtime`. */
export const OPENAI_EVENTS = namesOf({
  'response.output_audio.delta': 'audio',
  'response.output_audio.done': 'known',
  'response.output_audio_transcript.delta': 'words',
  'response.output_audio_transcript.done': 'known',
  'response.output_text.delta': 'words',
  'response.output_text.done': 'known',
  'conversation.item.added': 'itemAdded',
  'conversation.item.done': 'known',
  'conversation.item.input_audio_transcription.segment': 'known',
  'conversation.created': 'known',
  'input_audio_buffer.timeout_triggered': 'known',
});

/** Azure Voice Live 2026-07-15, which kept the names of OpenAI's preview. */
export const VOICE_LIVE_EVENTS = namesOf({
  'response.audio.delta': 'audio',
  'response.audio.done': 'known',
  'response.audio_transcript.delta': 'words',
  'response.audio_transcript.done': 'known',
  'response.audio_transcript.annotation.added': 'known',
  'response.text.delta': 'words',
  'response.text.done': 'known',
  'conversation.item.created': 'itemAdded',
  warning: 'warning',
  'response.audio_timestamp.delta': 'known',
  'response.audio_timestamp.done': 'known',
});
