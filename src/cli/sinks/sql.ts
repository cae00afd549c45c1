/** MySQL, MariaDB, PostgreSQL and SQLite. */
import {openSqlSink} from '../../mirror/sql/open-sql-sink.js';
import type {Sink} from '../../mirror/sink.js';
import {UsageError} from '../errors.js';
import type {SinkChoice} from './choice.js';

export const openSql = (
  url: string,
  {history, tabular, twoWay, prefix, onError}: SinkChoice,
): Promise<Sink> => {
  if (prefix !== undefined && !/^\w{0,20}$/.test(prefix)) {
    throw new UsageError(
      '--prefix takes up to 20 letters, digits and underscores.',
    );
  }
  if (/^sqlite:(\/\/)?$/i.test(url)) {
    throw new UsageError(
      '--to sqlite: takes the path of a file: sqlite:rooms.db, or ' +
        'sqlite:/var/lib/rooms.db.',
    );
  }
  return openSqlSink(url, {
    history,
    // What others may change are Rows.
    tabular: tabular || twoWay,
    ...(twoWay ? {twoWay} : {}),
    ...(prefix === undefined ? {} : {tablePrefix: prefix}),
    onIgnoredError: onError,
  });
};
