/** The URL of a room's content: where the PartySocket itself would go, by HTTP. */
import type {PartySocket} from 'partysocket';

type Connection = PartySocket & {
  /** What ReconnectingWebSocket connects to; `updateProperties` renews it. */
  _url?: string | (() => string | Promise<string>);
};

/** Which room a PartySocket belongs to, as a URL without a query. */
export const getRoomUrl = (connection: PartySocket): string => {
  if (connection.roomUrl) {
    return connection.roomUrl;
  }
  const {host, room} = connection.partySocketOptions;
  return `wss://${host}/parties/${connection.name}/${room}`;
};

/**
 * Where the content is, its query (a token, mostly) evaluated now, as it is at
 * each connection. By the `_pk` in it a room knows that the query is an app's.
 */
export const getStoreUrl = async (
  connection: PartySocket,
  storePath: string,
  storeProtocol?: string,
): Promise<string> => {
  const url = (connection as Connection)._url;
  const [, search] = (
    (typeof url == 'function' ? await url() : url) ?? ''
  ).split('?');
  return (
    getRoomUrl(connection).replace(/^ws(s?)/, storeProtocol ?? 'http$1') +
    storePath +
    (search ? '?' + search : '')
  );
};
