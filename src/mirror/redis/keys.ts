/** The keys of a room, all in one slot of a cluster. */
import {escapeName} from '../escape-name.js';

/** The first `}` ends the tag that a cluster goes by, and the room's id. */
const UNSAFE_IN_TAG = /[%}]|\p{Surrogate}/gu;

export type RoomKeys = {
  position: string;
  content: string;
  values: string;
  tables: string;
  commits: string;
  channel: string;
  getTable: (tableId: string) => string;
};

export const createRoomKeys = (prefix: string, room: string): RoomKeys => {
  const start = `${prefix}{${escapeName(room, UNSAFE_IN_TAG)}}:`;
  return {
    position: `${start}position`,
    content: `${start}content`,
    values: `${start}values`,
    tables: `${start}tables`,
    commits: `${start}commits`,
    channel: `${start}written`,
    getTable: (tableId) => `${start}table:${escapeName(tableId)}`,
  };
};
