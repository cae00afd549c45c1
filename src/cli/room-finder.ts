/** Where a room is that a webhook has told of. */
import {findRoomId} from '../mirror/room-address.js';
import type {RoomTarget} from './room-address.js';

/** In the place of the room's id it stands for any room. */
const ANY = '*';

/** A function that throws where a room is none of those given. */
export const createRoomFinder = (
  rooms: RoomTarget[],
): ((id: string) => RoomTarget) => {
  const byId = new Map(rooms.map((room) => [findRoomId(room.url), room]));
  return (id) => {
    const room = byId.get(id);
    if (room) {
      return room;
    }
    const any = byId.get(ANY);
    if (!any) {
      throw new Error(
        `A webhook has told of the room ${JSON.stringify(id)}, which is none ` +
          'of those given: give it as --room, or all with * in its place.',
      );
    }
    const url = new URL(any.url);
    url.pathname = url.pathname.replace(
      /^(\/(?:parties\/[^/]+|party)\/)\*(?=\/|$)/,
      (_, start: string) => start + encodeURIComponent(id),
    );
    return {...any, url, name: url.origin + url.pathname};
  };
};
