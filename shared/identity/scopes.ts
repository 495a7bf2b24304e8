/**
 * What tokens are made out to, as each SDK asks for it. The two slashes of ACS are its SDK's own: the resource's name ends
 * in one.
 */
export const SCOPES = {
  acs: 'https://communication.azure.com//.default',
  speech: 'https://cognitiveservices.azure.com/.default',
  /** Azure OpenAI's v1 interface, Realtime among it, and Voice Live. */
  ai: 'https://ai.azure.com/.default',
  redis: 'https://redis.azure.com/.default',
  storage: 'https://storage.azure.com/.default',
} as const;
