import type { Entry } from './conversation.ts';
import type { Json } from './wire-error.ts';

const MS_PER_INPUT_TOKEN = 100;
const MS_PER_OUTPUT_TOKEN = 50;

/** What a response cost. Words stand for tokens of text, a length of time for those of sound. */
export function usageOf(context: readonly Entry[], outputTokens: number, audioMs: number): Json {
  const text = context.reduce((sum, entry) => sum + (entry.text.match(/\S+/g)?.length ?? 0), 0);
  const heardMs = context.reduce((sum, entry) => sum + (entry.item.role === 'user' ? entry.audioMs : 0), 0);
  const audio = Math.ceil(heardMs / MS_PER_INPUT_TOKEN);
  const spoken = Math.ceil(audioMs / MS_PER_OUTPUT_TOKEN);
  const none = { text_tokens: 0, audio_tokens: 0, image_tokens: 0 };
  return {
    total_tokens: text + audio + outputTokens + spoken,
    input_tokens: text + audio,
    output_tokens: outputTokens + spoken,
    input_token_details: {
      ...{ text_tokens: text, audio_tokens: audio, image_tokens: 0 },
      ...{ cached_tokens: 0, cached_tokens_details: none },
    },
    output_token_details: { text_tokens: outputTokens, audio_tokens: spoken, reasoning_tokens: 0 },
  };
}
