import type { DependencyBoard } from '../../shared/health/dependency-board.ts';

export type ReadinessStatus = 'ready' | 'degraded' | 'unhealthy';

/**
 * Whether calls can be taken now, by what the checks in the background have found: nobody is asked. Nothing restarts the
 * functions for their answer; monitors read it.
 *
 * Without Redis no session begins. Without a key of ACS no callback and no media socket is believed, so no call is
 * answered; keys that were had once are good for a day. All else degrades, but for a service that has refused this
 * process from the start.
 */
export function readinessOf(board: DependencyBoard, hasKeys: () => boolean): ReadinessStatus {
  const stateOf = (name: string) => board.find(name)?.state;
  if (stateOf('redis') === undefined) return 'degraded';
  if (stateOf('redis') !== 'accepted' || stateOf('acs') === 'refused') return 'unhealthy';
  if (stateOf('acs-keys') !== undefined && !hasKeys()) return 'unhealthy';
  if (!board.admitted && board.isKnown) return 'unhealthy';
  return board.degraded ? 'degraded' : 'ready';
}
