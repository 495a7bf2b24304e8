/** What a client of the emulator would be billed for: counted where it is given, so that a client's own count can be held against it. */
export class UsageMeter {
  readonly chat = { requests: 0, brokenOff: 0, inputTokens: 0, outputTokens: 0 };
  readonly recognition = { audioMs: 0 };
  readonly synthesis = { requests: 0, characters: 0, audioMs: 0 };
  readonly realtime = { responses: 0, inputTokens: 0, outputTokens: 0, inputAudioTokens: 0, outputAudioTokens: 0 };

  /** An answer of the chat model. Without tokens: broken off, so that nobody was told how many it had. */
  chatAnswered(tokens: { readonly prompt_tokens: number; readonly completion_tokens: number } | undefined): void {
    this.chat.requests += 1;
    if (tokens === undefined) this.chat.brokenOff += 1;
    this.chat.inputTokens += tokens?.prompt_tokens ?? 0;
    this.chat.outputTokens += tokens?.completion_tokens ?? 0;
  }

  /** @param response the `response` of a `response.done` */
  realtimeAnswered(response: unknown): void {
    const { usage } = Object(response);
    const { input_tokens, output_tokens, input_token_details, output_token_details } = Object(usage);
    this.realtime.responses += 1;
    this.realtime.inputTokens += Number(input_tokens) || 0;
    this.realtime.outputTokens += Number(output_tokens) || 0;
    this.realtime.inputAudioTokens += Number(Object(input_token_details).audio_tokens) || 0;
    this.realtime.outputAudioTokens += Number(Object(output_token_details).audio_tokens) || 0;
  }
}
