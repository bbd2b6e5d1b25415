import { errors, HttpConnection } from '@elastic/elasticsearch';

type Request = HttpConnection['request'];

/** What is left of a connection that the other end, or a gateway on the way, has closed meanwhile. */
const CLOSED = /ECONNRESET|EPIPE|socket hang up|Response aborted/;

/**
 * Connections of Node's own http, kept alive from request to request. An environment that was frozen for minutes finds
 * its connection closed only when it sends the next request (a NAT gateway forgets one after 350 s): that request is
 * sent once more, on a new one. All that functions/ ask for bears a second sending.
 */
export class KeptAliveConnection extends HttpConnection {
  /** `never`, since that is what both of the method's overloads can take. */
  override async request(...request: Parameters<Request>): Promise<never> {
    const send = () => super.request(...request) as Promise<never>;
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof errors.ConnectionError) || !CLOSED.test(error.message)) throw error;
      return send();
    }
  }
}
