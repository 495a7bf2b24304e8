import type { Caller, Door } from '../../shared/auth/api-door.ts';
import type { CarrierProof } from '../../shared/carrier/carrier-kind.ts';
import type { Access, RawRequest } from '../../shared/http/route.ts';

const ANYBODY: Caller = { id: 'anybody' };
const CARRIER: Caller = { id: 'carrier' };

/** Who may use which routes of the functions. */
export class Doors {
  readonly #api: Door;
  readonly #eventGrid: Door;
  readonly #carrier: CarrierProof;

  constructor(options: { readonly api: Door; readonly eventGrid: Door; readonly carrier: CarrierProof }) {
    this.#api = options.api;
    this.#eventGrid = options.eventGrid;
    this.#carrier = options.carrier;
  }

  /** What the Functions platform is to ask for; what it does not, {@link admit} does. */
  levelOf(access: Access): 'function' | 'anonymous' {
    const asks = {
      anonymous: undefined,
      'acs-token': undefined,
      api: this.#api.asks,
      'event-grid': this.#eventGrid.asks,
    };
    return asks[access] === 'key' ? 'function' : 'anonymous';
  }

  /**
   * Lets a request in, before anything of its body is read: strangers do not fill the memory.
   * @throws {ParleyError} status 401, 403 or 503
   */
  async admit(access: Access, { header, query }: Pick<RawRequest, 'header' | 'query'>): Promise<Caller> {
    switch (access) {
      case 'anonymous':
        return ANYBODY;
      case 'acs-token':
        await this.#carrier.admit(header, 'callback');
        return CARRIER;
      case 'api':
        return this.#api.admit(header, query);
      case 'event-grid':
        return this.#eventGrid.admit(header, query);
    }
  }
}
