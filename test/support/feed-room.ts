/** A room in memory, its store path, and a client who writes. */
import {onTestFinished} from 'vitest';
import {respondToStoreRequest} from '../../src/server/store-http.js';
import {type EventStream, readEvents} from './event-stream.js';
import {
  createMemoryRoom,
  type MemoryConnection,
  type MemoryRoomOptions,
} from './memory-room.js';
import {settle} from './scripted-world.js';

const CORS = {'Access-Control-Allow-Origin': '*'};

export const createFeedRoom = (
  options: MemoryRoomOptions = {},
  appHeaders: HeadersInit = CORS,
) => {
  const room = createMemoryRoom(options);
  let writer: MemoryConnection | undefined;
  let pushes = 0;

  const request = (
    query = '',
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<Response> =>
    respondToStoreRequest(
      room.room,
      new Request(`http://localhost/store${query}`, {method, headers}),
      {responseHeaders: appHeaders},
    );

  /** The feed's response, its stream unread. */
  const requestFeed = (
    query = '',
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    request(query, {Accept: 'text/event-stream', ...headers});

  return {
    room,
    request,
    requestFeed,

    put: (content: any) => room.room.putContent(content, null),

    /** Opens the feed; what it sends at once is there. */
    open: async (
      query = '',
      headers: Record<string, string> = {},
    ): Promise<EventStream> => {
      const stream = readEvents(await requestFeed(query, headers));
      onTestFinished(() => stream.leave());
      await settle();
      return stream;
    },

    /** Pushes; what it makes has been sent. */
    push: async (values: object, tables: object = {}): Promise<void> => {
      if (!writer) {
        writer = room.connect('writer');
        await writer.greet(await room.getPosition());
      }
      await writer.push(++pushes, tables, values);
      await settle();
    },
  };
};
