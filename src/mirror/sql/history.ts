/** `history`: a row a commit. */
import {type Kysely, sql} from 'kysely';
import {encodeChanges} from '../../protocol/decoded-changes.js';
import type {Batch} from '../sink.js';
import {cut} from './cut.js';
import type {Dialect} from './dialect.js';
import type {TableShape} from './tables.js';

export const getHistoryShape = (name: string): TableShape => ({
  name,
  columns: {
    room: ({id}) => sql`${id} not null`,
    epoch: ({id}) => sql`${id} not null`,
    offset: ({integer}) => sql`${integer} not null`,
    after: ({integer}) => integer,
    time: ({time}) => time,
    author: ({text}) => text,
    changes: ({json}) => sql`${json} not null`,
  },
  key: ['room', 'epoch', 'offset'],
});

type HistoryRow = {
  epoch: string;
  offset: number;
  after: number | null;
  time: number | null;
  author: string | null;
  changes: string;
};

/** Those of a batch; one for the whole where something is missing before them. */
const toRows = (
  {commits, content, position, time}: Batch,
  isNext: boolean,
): HistoryRow[] =>
  commits && isNext
    ? commits.map(({epoch, after, offset, time, author, changes}) => ({
        epoch,
        offset,
        after,
        time: time ?? null,
        author: author ?? null,
        changes: JSON.stringify(changes.map(encodeChanges)),
      }))
    : [
        {
          ...position,
          after: null,
          time,
          author: null,
          changes: JSON.stringify([encodeChanges([...content, 1])]),
        },
      ];

const MAX_ROWS = 500;

const COLUMNS = sql.join(
  ['room', 'epoch', 'offset', 'after', 'time', 'author', 'changes'].map(
    (name) => sql.id(name),
  ),
);

/**
 * Whether the history has the commit before the batch: it may have been off for a
 * while.
 */
const hasBefore = async (
  trx: Kysely<any>,
  {getRef}: Dialect,
  {name, batch: {room, after}}: {name: string; batch: Batch},
): Promise<boolean> => {
  const {rows} = await sql`
    select 1 from ${getRef(name)}
    where room = ${room} and epoch = ${after?.epoch ?? ''}
      and ${sql.id('offset')} = ${after?.offset ?? -1}`.execute(trx);
  return rows.length > 0;
};

/** Adds the batch's commits. Those that are there already stay as they are. */
export const writeHistory = async (
  trx: Kysely<any>,
  dialect: Dialect,
  {name, batch}: {name: string; batch: Batch},
): Promise<void> => {
  const isNext = await hasBefore(trx, dialect, {name, batch});
  const parts = cut(
    toRows(batch, isNext),
    MAX_ROWS,
    ({changes}) => changes.length,
  );
  for (const part of parts) {
    const rows = part.map(
      ({epoch, offset, after, time, author, changes}) =>
        sql`(${sql.join([
          batch.room,
          epoch,
          offset,
          after,
          time == null ? null : dialect.toTime(time),
          author == null ? null : dialect.toText(author),
          changes,
        ])})`,
    );
    await sql`insert into ${dialect.getRef(name)} (${COLUMNS})
      values ${sql.join(rows)} ${dialect.orNothing('room')}`.execute(trx);
  }
};
