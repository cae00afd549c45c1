import {sql} from 'kysely';
import type {Sql} from './dialect.js';

/** Follows an INSERT, as PostgreSQL and SQLite have it. */
export const updateFromExcluded = (key: string[], columns: string[]): Sql => {
  const keys = sql.join(key.map((name) => sql.id(name)));
  const sets = columns.map(
    (name) => sql`${sql.id(name)} = ${sql.id('excluded', name)}`,
  );
  return sql`on conflict (${keys}) do update set ${sql.join(sets)}`;
};
