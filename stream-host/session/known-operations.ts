import type { KnownOperation } from '../../shared/calls/operations/enter-again.ts';

/** Of the newest that was done with the call, should the ledger be lost. */
const MOST_KNOWN = 64;

/** Who was added, is being rung or was put on hold by others, and the transfer that goes on. */
export class KnownOperations {
  readonly #known = new Map<string, KnownOperation>();

  get all(): readonly KnownOperation[] {
    return [...this.#known.values()];
  }

  get(operationContext: string): KnownOperation | undefined {
    return this.#known.get(operationContext);
  }

  /** It goes on. */
  add(operation: KnownOperation): void {
    this.#known.set(operation.operationContext, operation);
  }

  forget(operationContext: string): void {
    this.#known.delete(operationContext);
  }

  /** What the ledger says of one, where others must know of it. */
  remember(operation: KnownOperation): void {
    const { kind, state, operationContext } = operation;
    const isAdded = kind === 'add-participant';
    if (isAdded && state === 'failed') this.forget(operationContext);
    else if (isAdded || (state === 'succeeded' && kind === 'hold')) this.add(operation);
    for (const oldest of [...this.#known.keys()].slice(0, -MOST_KNOWN)) this.forget(oldest);
  }
}
