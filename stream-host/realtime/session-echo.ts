import { type Fields, isFields } from './fields.ts';

/** A field of a session that the service has otherwise than it was asked. */
export interface Difference {
  /** With its place, as in `turn_detection.threshold`. */
  readonly field: string;
  readonly asked: unknown;
  /** Undefined where the echo does not have it. */
  readonly got: unknown;
}

/** Services keep numbers with less precision than they are sent. */
const TOLERANCE = 1e-4;

/**
 * Compares the fields that a session was asked to have with those that the service says it has (`session.updated`). Of
 * tools the names alone are compared: services fill up their schemas, and keep secrets to themselves.
 */
export function differences(asked: Fields, got: Fields, prefix = ''): Difference[] {
  return Object.entries(asked).flatMap(([name, value]) => {
    const field = prefix + name;
    const echoed = got[name];
    if (field === 'tools')
      return sameTools(value, echoed) ? [] : [{ field, asked: toolNames(value), got: toolNames(echoed) }];
    if (isFields(value) && isFields(echoed)) return differences(value, echoed, `${field}.`);
    return same(value, echoed) ? [] : [{ field, asked: value, got: echoed }];
  });
}

function same(asked: unknown, got: unknown): boolean {
  if (typeof asked === 'number' && typeof got === 'number') {
    return Math.abs(asked - got) <= TOLERANCE * Math.max(1, Math.abs(asked));
  }
  // A voice that is asked for by its name alone may come back as an object of that name.
  if (typeof asked === 'string' && isFields(got)) return got.name === asked;
  if (Array.isArray(asked) && Array.isArray(got)) {
    // In any order: these are sets, of modalities, languages or phrases.
    return asked.length === got.length && asked.every((value) => got.some((other) => same(value, other)));
  }
  if (isFields(asked) && isFields(got)) return differences(asked, got).length === 0;
  return asked === got;
}

const sameTools = (asked: unknown, got: unknown): boolean => toolNames(asked).join() === toolNames(got).join();

const toolNames = (tools: unknown): string[] =>
  (Array.isArray(tools) ? tools : [])
    .map((tool: unknown) => (isFields(tool) ? String(tool.name ?? tool.server_label) : ''))
    .sort();
