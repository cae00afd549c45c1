/** A room's answer to an HTTP request, whatever it is for. */
import {isArchiveRequest} from './move/archive-request.js';
import {AwayError} from './move/away-error.js';
import {respondAway} from './move/respond-to-move.js';
import {RESPONSE_HEADERS} from './room-config.js';
import {getHost, type RoomServer} from './room-host.js';
import {respondToStoreRequest} from './store-http.js';

export const COULD_NOT_ANSWER = 'The room could not answer: try again.';

/**
 * Answers a request for the content, and any other with 404.
 *
 * @param isPatchHarmless Whether `PATCH` is allowed where the config is silent.
 * @throws COULD_NOT_ANSWER, with the cause, where that fails.
 */
export const answerRequest = async (
  server: RoomServer,
  request: Request,
  isPatchHarmless: () => boolean,
): Promise<Response> => {
  // A subclass may have replaced the whole config by a field of its own.
  const {
    storePath = '/store',
    responseHeaders = RESPONSE_HEADERS,
    allowPatch = isPatchHarmless(),
  } = server.config;
  const isForMove = isArchiveRequest(request) && server.config.move;
  if (!new URL(request.url).pathname.endsWith(storePath) && !isForMove) {
    return new Response(null, {status: 404, headers: responseHeaders});
  }
  try {
    const host = getHost(server);
    const starting = host.start();
    if (starting) {
      await starting;
    }
    const response = await host.answerMove(request);
    if (response) {
      return response;
    }
    return await respondToStoreRequest(host.visit(request), request, {
      responseHeaders,
      allowPatch,
    });
  } catch (cause) {
    if (cause instanceof AwayError) {
      return respondAway(cause, responseHeaders);
    }
    throw new Error(COULD_NOT_ANSWER, {cause});
  }
};
