/** `mirror_pushes`: how far each room has been told what others have changed. */
import {type Kysely, sql} from 'kysely';
import {randomUUID} from 'node:crypto';
import type {Dialect} from './dialect.js';
import type {TableShape} from './tables.js';

export const getPushesShape = (name: string): TableShape => ({
  name,
  columns: {
    room: ({id}) => sql`${id} not null`,
    client_id: ({id}) => sql`${id} not null`,
    number: ({integer}) => sql`${integer} not null`,
    // Of the push with that number, as long as it is not settled.
    changes: ({json}) => json,
  },
  key: ['room'],
});

export type PushState = {
  clientId: string;
  /** Of the last push. */
  number: number;
  /** As JSON, where that is not settled. */
  changes: string | null;
};

type Where = {name: string; room: string};

export const readPushState = async (
  trx: Kysely<any>,
  {getRef, readJson}: Dialect,
  {name, room}: Where,
): Promise<PushState | undefined> => {
  const {rows} = await sql<any>`
    select client_id, number, ${readJson(sql`changes`)} as changes
    from ${getRef(name)} where room = ${room}`.execute(trx);
  const [row] = rows;
  return (
    row && {
      clientId: row.client_id,
      number: Number(row.number),
      changes: row.changes,
    }
  );
};

export const createPushState = (): PushState => ({
  clientId: randomUUID(),
  number: 0,
  changes: null,
});

export const writePushState = async (
  trx: Kysely<any>,
  {getRef, orUpdate}: Dialect,
  {name, room, ...state}: Where & PushState,
): Promise<void> => {
  await sql`insert into ${getRef(name)} (room, client_id, number, changes)
    values (${room}, ${state.clientId}, ${state.number}, ${state.changes})
    ${orUpdate(['room'], ['number', 'changes'])}`.execute(trx);
};
