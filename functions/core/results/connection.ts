import { errors, HttpConnection } from '@elastic/elasticsearch';

type Request = HttpConnection['request'];

/** Messages of errors on a connection that the server or a gateway has closed. */
const CLOSED_CONNECTION = /ECONNRESET|EPIPE|socket hang up|Response aborted/;

/**
 * A keep-alive connection of Node's http. A Lambda environment that was frozen notices that its connection was closed
 * only with the next request (a NAT gateway drops idle connections after 350 s). That request is sent again on a new
 * connection, which is safe because all requests of functions/ are idempotent.
 */
export class KeptAliveConnection extends HttpConnection {
  /** Returns `never` because that is assignable to the results of both overloads. */
  override async request(...request: Parameters<Request>): Promise<never> {
    const send = () => super.request(...request) as Promise<never>;
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof errors.ConnectionError) || !CLOSED_CONNECTION.test(error.message)) throw error;
      return send();
    }
  }
}
