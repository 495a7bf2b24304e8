import { KeysUnavailable } from '../auth/signing-keys.ts';
import type { Carrier } from '../carrier/carrier.ts';
import { CarrierError } from '../carrier/carrier-error.ts';
import { CheckFailure, stateOfStatus } from './check.ts';
import type { DependencySpec } from './dependency.ts';

/**
 * A call that there never was. ACS looks at the credential before it looks for the call, so that "there is no such call"
 * says that the credential was taken. It costs nothing and changes nothing.
 */
export const NO_CALL = '00000000-0000-4000-8000-000000000000';

/** Whether ACS takes our key or identity, by the client that answers calls. */
export const acsDependency = (calls: Pick<Carrier, 'state'>): DependencySpec => ({
  name: 'acs',
  late: 'acs.unreachable',
  gates: true,
  check: async () => {
    try {
      await calls.state(NO_CALL);
      return {};
    } catch (error) {
      if (!(error instanceof CarrierError)) throw new CheckFailure('unreachable', 'acs.unreachable', error);
      const { acsStatus } = error.details ?? {};
      if (error.failure === 'denied') throw new CheckFailure('refused', 'acs.denied', error);
      if (acsStatus === 429) throw new CheckFailure('throttled', 'acs.unavailable', error);
      // It did not like the id, for which it had to read the request of somebody whom it knows.
      if (acsStatus === 400) return {};
      throw new CheckFailure('unreachable', error.code, error);
    }
  },
});

/** The keys by which ACS's tokens are checked, fetched anew whether or not there are some. */
export const acsKeysDependency = (tokens: { refetch(): Promise<void> }): DependencySpec => ({
  name: 'acs-keys',
  late: 'acs.keys-unavailable',
  gates: true,
  check: async () => {
    try {
      await tokens.refetch();
      return {};
    } catch (error) {
      const status = error instanceof KeysUnavailable ? error.httpStatus : undefined;
      const state = status === undefined ? 'unreachable' : stateOfStatus(status);
      // An address that answers with anything else than keys is the wrong one.
      throw new CheckFailure(state === 'accepted' ? 'refused' : state, 'acs.keys-unavailable', error);
    }
  },
});
