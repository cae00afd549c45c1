/** `mirror_rooms`: how far the tables are with each room. */
import {type Kysely, sql} from 'kysely';
import type {Position} from '../sink.js';
import type {Dialect} from './dialect.js';
import type {TableShape} from './tables.js';

export const getRoomsShape = (name: string): TableShape => ({
  name,
  columns: {
    room: ({id}) => sql`${id} not null`,
    // Where `documents` was when the tables were written: where it is elsewhere,
    // they have missed something, and the room is written as a whole.
    epoch: ({id}) => sql`${id} not null`,
    offset: ({integer}) => sql`${integer} not null`,
  },
  key: ['room'],
});

const OFFSET = sql.id('offset');

export const readRoomState = async (
  db: Kysely<any>,
  {getRef}: Dialect,
  {name, room}: {name: string; room: string},
): Promise<Position | undefined> => {
  const {rows} = await sql<any>`
    select epoch, ${OFFSET} from ${getRef(name)} where room = ${room}`.execute(
    db,
  );
  const [row] = rows;
  return row && {epoch: row.epoch, offset: Number(row.offset)};
};

export const writeRoomState = async (
  trx: Kysely<any>,
  {getRef, orUpdate}: Dialect,
  {name, room, position}: {name: string; room: string; position: Position},
): Promise<void> => {
  await sql`insert into ${getRef(name)} (room, epoch, ${OFFSET})
    values (${room}, ${position.epoch}, ${position.offset})
    ${orUpdate(['room'], ['epoch', 'offset'])}`.execute(trx);
};
