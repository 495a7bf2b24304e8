/** A human has the call now: we have left it to the caller and him. */
export const TRANSFERRED = 'transferred';

/** Whom the end of our part in a call ends it for. A call that a human has taken goes on without us. */
export const whoHangsUp = (endReason: string | undefined): 'everybody' | 'us' =>
  endReason === TRANSFERRED ? 'us' : 'everybody';
