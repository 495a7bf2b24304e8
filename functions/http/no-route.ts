import type { HttpHandler, HttpMethod } from '@azure/functions';
import { NotFoundError } from '../../shared/errors.ts';
import { MethodError, methodsAt } from '../../shared/http/methods.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import type { Composition } from '../composition.ts';
import { refuse } from './route.ts';

const ROUTES = ALL_ROUTES.filter(({ half }) => half !== 'stream-host');
const METHODS: HttpMethod[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/**
 * Where a request goes that is none of a route’s: the platform answers those with 404 and an empty body, whether the path is
 * wrong or only the method. Azure’s host tries overlapping routes in the order of the names of their functions.
 */
export const NO_ROUTE = { name: 'zz-no-route', methods: METHODS, route: '{*path}' } as const;

export const refuseUnknown =
  (composition: Composition): HttpHandler =>
  async (request, context) => {
    const methods = methodsAt(ROUTES, new URL(request.url).pathname);
    const error =
      methods.length > 0
        ? new MethodError(methods)
        : new NotFoundError(
            'route.unknown',
            'There is nothing at this path; /api/v1/openapi.json has those that there are, and the stream host’s /api/v1/docs shows them.',
          );
    return refuse(error, composition, context);
  };
