import assert from 'node:assert/strict';

/** Takes a value away. */
export const GONE = Symbol('gone');

type Structure = Record<string, unknown>;

/**
 * Changes one place of a snapshot. The place is a type of resource and a path in the first one of it, such as
 * `Microsoft.App/containerApps properties.template.containers.0.env[REDIS_URL].value`; `[X]` is the item of a list whose
 * name or type is X, made where there is none. `type~text` is the first resource of that type that has the text somewhere;
 * `outputs` are those of the deployment.
 *
 * @param put the new value, GONE, or what makes it of the old one
 */
export function patch(snapshot: Structure, place: string, put: unknown): void {
  const [selector = '', path = ''] = place.split(' ');
  const resources = snapshot.predictedResources;
  assert.ok(Array.isArray(resources));
  if (selector === 'outputs') {
    change(snapshot, ['outputs', path], put);
    return;
  }
  const [type, needle = ''] = selector.split('~');
  const index = resources.findIndex(
    (item) => isStructure(item) && item.type === type && JSON.stringify(item).includes(needle),
  );
  assert.ok(index >= 0, `there is no ${selector}`);
  if (path === '') resources.splice(index, 1);
  else change(resources[index], path.replaceAll('[', '.[').split('.'), put);
}

/** A copy with one value changed: the place is a path such as `properties.retryPolicy`. */
export function patchedAt(value: unknown, place: string, put: unknown): unknown {
  const copy = structuredClone(value);
  change(copy, place.split('.'), put);
  return copy;
}

function change(holder: unknown, path: readonly string[], put: unknown): void {
  const [step = '', ...rest] = path;
  assert.ok(Array.isArray(holder) || isStructure(holder), `nothing at ${step}`);
  const key = keyOf(holder, step);
  const inner = Reflect.get(holder, key);
  if (rest.length > 0) {
    if (inner === undefined) Reflect.set(holder, key, {});
    change(Reflect.get(holder, key), rest, put);
  } else if (put !== GONE) Reflect.set(holder, key, typeof put === 'function' ? put(inner) : put);
  else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else Reflect.deleteProperty(holder, key);
}

function keyOf(holder: unknown[] | Structure, step: string): string | number {
  const name = /^\[(.*)\]$/.exec(step)?.[1];
  if (name === undefined || !Array.isArray(holder)) return step;
  const index = holder.findIndex((item) => isStructure(item) && (item.name === name || item.type === name));
  return index >= 0 ? index : holder.push({ name }) - 1;
}

const isStructure = (value: unknown): value is Structure =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
