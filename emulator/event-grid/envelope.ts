/** An event before it is dressed in either schema. */
export interface GridEvent {
  readonly id: string;
  readonly eventType: string;
  readonly subject: string;
  /** ISO 8601. */
  readonly eventTime: string;
  readonly dataVersion: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export type GridSchema = 'EventGridSchema' | 'CloudEventSchemaV1_0';

/** What is posted for one event: a batch of one in Event Grid's schema, a single object in that of CloudEvents. */
export function dress(event: GridEvent, schema: GridSchema, topic: string): { contentType: string; body: string } {
  const { id, eventType, subject, eventTime, dataVersion, data } = event;
  if (schema === 'EventGridSchema') {
    const envelope = { id, topic, subject, eventType, eventTime, metadataVersion: '1', dataVersion, data };
    return { contentType: 'application/json; charset=utf-8', body: JSON.stringify([envelope]) };
  }
  const envelope = { id, source: topic, type: eventType, subject, time: eventTime, specversion: '1.0', data };
  return { contentType: 'application/cloudevents+json; charset=utf-8', body: JSON.stringify(envelope) };
}
