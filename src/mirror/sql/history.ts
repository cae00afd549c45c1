/** `history`: a row a commit. */
import {type Kysely, sql} from 'kysely';
import {encodeChanges} from '../../protocol/decoded-changes.js';
import type {Batch} from '../sink.js';
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

/** Those of a batch: where the commits are not known, one for the whole. */
const toRows = ({commits, content, position, time}: Batch): HistoryRow[] =>
  commits
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
// MySQL takes a statement of 16 MB unless told.
const MAX_LENGTH = 1_000_000;

/** In order, as many at a time as a statement can well have. */
function* cut(rows: HistoryRow[]): Generator<HistoryRow[]> {
  let part: HistoryRow[] = [];
  let length = 0;
  for (const row of rows) {
    length += row.changes.length;
    if (part.length == MAX_ROWS || (part.length && length > MAX_LENGTH)) {
      yield part;
      part = [];
      length = row.changes.length;
    }
    part.push(row);
  }
  if (part.length) {
    yield part;
  }
}

const COLUMNS = sql.join(
  ['room', 'epoch', 'offset', 'after', 'time', 'author', 'changes'].map(
    (name) => sql.id(name),
  ),
);

/** Adds the batch's commits. Those that are there already stay as they are. */
export const writeHistory = async (
  trx: Kysely<any>,
  dialect: Dialect,
  {name, batch}: {name: string; batch: Batch},
): Promise<void> => {
  for (const part of cut(toRows(batch))) {
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
