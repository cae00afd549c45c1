/** A room in memory that takes a PATCH, and how to send it one. */
import {respondToStoreRequest} from '../../src/server/store-http.js';
import {createMemoryRoom, type MemoryRoomOptions} from './memory-room.js';

type Headers = Record<string, string>;

export const createPatchedRoom = (
  options: MemoryRoomOptions = {},
  responseHeaders?: Headers,
) => {
  const room = createMemoryRoom(options);
  const request = (
    method: string,
    body?: string,
    headers: Headers = {},
  ): Promise<Response> =>
    respondToStoreRequest(
      room.room,
      new Request('http://localhost/store', {method, body, headers}),
      {responseHeaders, allowPatch: true},
    );
  return {
    room,
    request,
    /** Sends changes, as they are to be in JSON. */
    patch: (changes: unknown, headers?: Headers): Promise<Response> =>
      request('PATCH', JSON.stringify(changes), headers),
  };
};
