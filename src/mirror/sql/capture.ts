/** Triggers that keep what others do to a table. */
import {type Kysely, sql} from 'kysely';
import {createHash} from 'node:crypto';
import type {Dialect} from './dialect.js';

/** A table of which edits are captured. */
export type Captured = {
  name: string;
  /** The column that has the id: of a Row, or of a Value. */
  idColumn: string;
  /** The column that says of which Table a Row is. */
  tableIdColumn?: string;
  /** The others. */
  columns: string[];
};

export type CaptureNames = {outbox: string; writer: string; capture: string};

/** What it does, without its name. */
export type Trigger = {
  event: 'insert' | 'update' | 'delete' | 'truncate';
  /** CREATE TRIGGER with the name. */
  create: (name: string) => string;
};

export type Capture = {
  /** What triggers need, made once. */
  prepare?(db: Kysely<any>, names: CaptureNames): Promise<void>;
  createTriggers(table: Captured, names: CaptureNames): Trigger[];
  /** The names of those that all tables have, ours or not. */
  listTriggers(db: Kysely<any>): Promise<string[]>;
  dropTrigger(name: string, table: string): string;
};

const hash = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length);

/**
 * Gives tables the triggers that they need now. Others are dropped only when these
 * are there: in between an edit is captured twice, which is the same as once.
 */
export const captureTables = async (
  db: Kysely<any>,
  {capture}: Dialect,
  {tables, names}: {tables: Captured[]; names: CaptureNames},
): Promise<void> => {
  const there = tables.length ? await capture.listTriggers(db) : [];
  for (const table of tables) {
    // A trigger's name says which table it is of, and all that it does.
    const start = `tinybase_partykit_${hash(table.name, 12)}_`;
    const needed = new Map(
      capture
        .createTriggers(table, names)
        .map(({event, create}) => [
          `${start}${event}_${hash(create(''), 8)}`,
          create,
        ]),
    );
    for (const [name, create] of needed) {
      if (!there.includes(name)) {
        await sql.raw(create(name)).execute(db);
      }
    }
    for (const name of there) {
      if (name.startsWith(start) && !needed.has(name)) {
        await sql.raw(capture.dropTrigger(name, table.name)).execute(db);
      }
    }
  }
};
