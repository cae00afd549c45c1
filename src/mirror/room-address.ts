/** Which room it is, and where. */
export type HeadersGiven =
  | HeadersInit
  | (() => HeadersInit | Promise<HeadersInit>);

export type RoomAddress = {
  /**
   * What the sink knows the room by. By default the room's id, as the URL's path has
   * it: `my-room` in `/parties/main/my-room/store`.
   */
  id?: string;
  /** Of its Store: `https://host/parties/main/my-room/store`, with a query if need be. */
  url: string;
  /** Sent with each request; a function is asked for each. */
  headers?: HeadersGiven;
};

export type KnownAddress = {id: string; url: URL; headers: HeadersGiven[]};

const PATH = /^\/(?:parties\/[^/]+|party)\/([^/]+)(?:\/|$)/;

/** The id of a room in the path of its URL, as PartyKit has it. */
export const findRoomId = ({pathname}: URL): string | undefined => {
  const [, id] = PATH.exec(pathname) ?? [];
  try {
    return id && decodeURIComponent(id);
  } catch {
    return undefined;
  }
};

/** A URL without what may be secret in it. */
export const redactUrl = ({origin, pathname}: URL): string => origin + pathname;

/**
 * The address, checked.
 *
 * @throws TypeError that says what is missing.
 */
export const parseAddress = (
  given: string | RoomAddress,
  moreHeaders?: HeadersGiven,
): KnownAddress => {
  const {
    id,
    url: text,
    headers,
  } = typeof given == 'string' ? ({url: given} as RoomAddress) : given;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError(
      'The URL of a room is that of its Store: ' +
        'https://HOST/parties/PARTY/ROOM/store',
    );
  }
  if (url.protocol != 'https:' && url.protocol != 'http:') {
    throw new TypeError(
      `The URL of a room begins with https: or http:, not ${url.protocol}`,
    );
  }
  const roomId = id ?? findRoomId(url);
  if (typeof roomId != 'string' || !roomId) {
    throw new TypeError(
      `No room in the path ${url.pathname}: give {id, url}, or a URL such as ` +
        'https://HOST/parties/PARTY/ROOM/store',
    );
  }
  return {
    id: roomId,
    url,
    headers: [moreHeaders, headers].filter((one) => one !== undefined),
  };
};
