/** A room for who has a token; its hooks know whose it is. */
import type * as Party from 'partykit/server';
import {TinyBasePartyKitServer} from '../../src/server/index.js';

const USER_HEADER = 'x-user-id';
const encoder = new TextEncoder();

const decodeBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    atob(text.replaceAll('-', '+').replaceAll('_', '/')),
    (character) => character.charCodeAt(0),
  );

/**
 * Whose token it is: `payload.signature`, where the payload is the JSON of
 * `{user, room, expiresAt}`. Throws where it is forged, stale or for another room.
 */
const verifyToken = async (
  token: string,
  {id, env}: Party.Lobby,
): Promise<string> => {
  const [payload = '', signature = ''] = token.split('.');
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(env.TOKEN_SECRET as string),
    {name: 'HMAC', hash: 'SHA-256'},
    false,
    ['verify'],
  );
  const isGenuine = await crypto.subtle.verify(
    'HMAC',
    key,
    decodeBase64Url(signature),
    encoder.encode(payload),
  );
  const {user, room, expiresAt} = JSON.parse(
    new TextDecoder().decode(decodeBase64Url(payload)),
  );
  if (!isGenuine || room !== id || !(expiresAt > Date.now())) {
    throw new Error('Not a token for this room and time');
  }
  return user;
};

/** Runs before the room is reached, for WebSocket and HTTP alike. */
const admit = async (
  request: Party.Request,
  lobby: Party.Lobby,
): Promise<Party.Request | Response> => {
  try {
    const token = new URL(request.url).searchParams.get('token') ?? '';
    // Whatever a client has sent by this name is replaced.
    request.headers.set(USER_HEADER, await verifyToken(token, lobby));
    return request;
  } catch {
    // Without the header a browser would not tell the app more than "failed".
    return new Response('Unauthorized', {
      status: 401,
      headers: {'Access-Control-Allow-Origin': '*'},
    });
  }
};

type User = {user: string | null};

/** The user behind a request or a connection. */
const getUser = (who: Party.Request | Party.Connection): string | null =>
  'headers' in who
    ? who.headers.get(USER_HEADER)
    : ((who as Party.Connection<User>).state?.user ?? null);

export default class TokenRoom extends TinyBasePartyKitServer {
  static onBeforeConnect = admit;
  static onBeforeRequest = admit;

  // The state of a connection stays when the room sleeps.
  onConnect(
    connection: Party.Connection<User>,
    {request}: Party.ConnectionContext,
  ): void {
    connection.setState({user: request.headers.get(USER_HEADER)});
  }

  // Of profiles, users write and delete their own alone.
  override canSetRow(
    tableId: string,
    rowId: string,
    _initialSave: boolean,
    who: Party.Request | Party.Connection,
  ): boolean {
    return tableId != 'profiles' || rowId == getUser(who);
  }

  override canDelRow(
    tableId: string,
    rowId: string,
    who: Party.Request | Party.Connection,
  ): boolean {
    return tableId != 'profiles' || rowId == getUser(who);
  }

  // Each commit says whose it was, in the feed, in the history and in webhooks.
  override getAuthor(
    who: Party.Request | Party.Connection,
  ): string | undefined {
    return getUser(who) ?? undefined;
  }
}
