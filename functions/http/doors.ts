import type { AcsTokenVerifier } from '../../shared/auth/acs-token.ts';
import type { Caller, Door } from '../../shared/auth/api-door.ts';
import type { Access, RawRequest } from '../../shared/http/route.ts';

const ANYBODY: Caller = { id: 'anybody' };
const ACS: Caller = { id: 'acs' };

/** Who may use which routes of the functions. */
export class Doors {
  readonly #api: Door;
  readonly #eventGrid: Door;
  readonly #acs: AcsTokenVerifier;

  constructor(options: { readonly api: Door; readonly eventGrid: Door; readonly acs: AcsTokenVerifier }) {
    this.#api = options.api;
    this.#eventGrid = options.eventGrid;
    this.#acs = options.acs;
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
        await this.#acs.verify(header('authorization'), 'callback');
        return ACS;
      case 'api':
        return this.#api.admit(header, query);
      case 'event-grid':
        return this.#eventGrid.admit(header, query);
    }
  }
}
