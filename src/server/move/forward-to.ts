/** Leads who comes to an old deployment to the new one. */
import {isArchiveRequest} from './archive-request.js';
import {parseRoomsUrl} from './move-config.js';

/**
 * The room's name in a path, and what comes after it. partyserver takes several
 * slashes for one.
 */
const ROOM = /^\/+(?:party|parties\/+[^/]+)\/+([^/]+.*)$/;

/**
 * Makes the `onBeforeConnect` and the `onBeforeRequest` of a deployment whose
 * rooms have moved: WebSockets and requests go on to the same room there, so that
 * clients which know the old address need not be told. Only who fetches the
 * archive of a room (`moveFrom` of the new deployment's config) reaches it here.
 *
 * @param url The URL of the rooms there, up to the name of the room, such as
 * `https://my-app.me.workers.dev/parties/my-server`.
 * @throws TypeError where that is no URL.
 *
 * @example
 * ```ts
 * import {forwardTo, TinyBasePartyKitServer} from 'tinybase-partykit/server';
 *
 * const forward = forwardTo('https://my-app.me.workers.dev/parties/my-server');
 *
 * export default class extends TinyBasePartyKitServer {
 *   static onBeforeConnect = forward;
 *   static onBeforeRequest = forward;
 *
 *   config = {move: {secret: this.party.env.MOVE_SECRET as string}};
 * }
 * ```
 */
export const forwardTo = (
  url: string,
): (<
  Incoming extends {
    url: string;
    method: string;
    headers: {has(name: string): boolean};
  },
>(
  request: Incoming,
) => Promise<Incoming | Response>) => {
  const roomsUrl = parseRoomsUrl(url, 'The argument of forwardTo()');
  return async (request) => {
    if (isArchiveRequest(request)) {
      return request;
    }
    const {pathname, search} = new URL(request.url);
    const [, rest] = ROOM.exec(pathname) ?? [];
    if (rest === undefined) {
      // Whoever is let through comes to the room, and nobody has checked who it is.
      return new Response(null, {status: 404});
    }
    try {
      const there = `${roomsUrl}/${rest}${search}`;
      return await fetch(new Request(there, request as unknown as Request), {
        redirect: 'manual',
      });
    } catch {
      // Who is told this comes back; PartyKit itself would say 401.
      return new Response(null, {status: 503, headers: {'Retry-After': '2'}});
    }
  };
};
