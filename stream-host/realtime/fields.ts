/** A JSON object that is sent to a service, or came from one. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields that have a value. */
export const fields = (given: Fields): Fields =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
