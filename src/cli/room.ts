/** The room that a command is about: what it has, and changes to it. */
import type {Content} from '../protocol/changes.js';
import {parseContent} from '../protocol/parse-changes.js';
import {parseEtag} from '../protocol/place.js';
import {RoomError, RoomHttp} from '../mirror/room-http.js';
import {ANSWER_MS} from '../mirror/limits.js';
import type {Position} from '../mirror/sink.js';
import {CommandError} from './errors.js';
import {retry} from './retry.js';
import type {RoomTarget} from './room-address.js';

/** A room's content, as it travels, and where it stands. */
export type RoomContent = {
  /** Undefined where the room has no Store. */
  content: Content | undefined;
  position: Position;
};

export type Room = ReturnType<typeof openRoom>;

type Asked = {
  method?: string;
  body?: string;
  headers: {[name: string]: string};
};

const WRITE_MS = 300_000;

const NOWHERE: Position = {epoch: '', offset: 0};

/** Undefined where the answer is not that of a room of ours. */
export const getEtagPosition = (response: Response): Position | undefined =>
  parseEtag(response.headers.get('ETag'));

export const openRoom = (
  {url, name, headers}: RoomTarget,
  signal: AbortSignal,
) => {
  const http = new RoomHttp({id: name, url, headers: [headers]});

  const send = async (
    query: {[name: string]: string},
    {headers: more, ...init}: Asked,
  ): Promise<Response> => {
    const target = new URL(url);
    for (const [key, text] of Object.entries(query)) {
      target.searchParams.set(key, text);
    }
    // What changes the room may be long, and the line slow.
    const limit = init.body === undefined ? ANSWER_MS : WRITE_MS;
    try {
      return await fetch(target, {
        ...init,
        headers: {...headers, ...more},
        signal: AbortSignal.any([signal, AbortSignal.timeout(limit)]),
      });
    } catch (error) {
      throw new Error(`${name} cannot be reached.`, {cause: error});
    }
  };

  const createError = async (response: Response): Promise<Error> => {
    const {status} = response;
    const text = await response.text().catch(() => '');
    const said = text ? ` It says: ${text.slice(0, 500)}` : '';
    return new RoomError(`${name} answers ${status}.${said}`, status);
  };

  return {
    name,
    http,
    createError,

    /** Asks, without what changes anything, so that it may be asked again. */
    ask: (query: {[name: string]: string}, init: Asked): Promise<Response> =>
      retry(async () => {
        const response = await send(query, init);
        if (response.status >= 500 || response.status == 429) {
          throw await createError(response);
        }
        return response;
      }, signal),

    /** Sends what changes the room, once; any answer is one. */
    write: (
      method: 'PUT' | 'PATCH',
      body: string,
      conditions: {[name: string]: string},
    ): Promise<Response> =>
      send(
        {},
        {
          method,
          body,
          headers: {'Content-Type': 'application/json', ...conditions},
        },
      ),

    readContent: (): Promise<RoomContent> =>
      retry(async () => {
        const whole = await http.readContent(signal);
        if (!whole) {
          return {content: undefined, position: NOWHERE};
        }
        const {epoch, offset} = whole;
        return {
          content: parseContent(whole.content)!,
          position: {epoch, offset},
        };
      }, signal),
  };
};

/** Where the room stands; the epoch is empty where it has no Store. */
export const readPosition = async (room: Room): Promise<Position> => {
  const response = await room.ask(
    {},
    {method: 'HEAD', headers: {Accept: 'application/json'}},
  );
  const position = getEtagPosition(response);
  if (response.ok && position) {
    return position;
  }
  if (!response.ok) {
    // A HEAD says nothing: the same as a GET may say why.
    await room.readContent();
    throw await room.createError(response);
  }
  throw new CommandError(
    `${room.name} does not answer as a room of tinybase-partykit does: is that ` +
      'the URL of its Store, such as https://HOST/parties/main/ROOM/store?',
  );
};
