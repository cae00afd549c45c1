/** Tables as tables: what is there of a room, by what a batch has touched. */
import type {Kysely} from 'kysely';
import type {Batch} from '../sink.js';
import {isSamePosition} from '../sink.js';
import {getTouched, type Touched} from '../touched.js';
import {runAsMirror} from './as-mirror.js';
import type {Catalog} from './catalog.js';
import type {Dialect} from './dialect.js';
import {findNeeds} from './needs.js';
import type {SqlSettings} from './options.js';
import {readHeldRows} from './outbox.js';
import {readRoomState, writeRoomState} from './room-states.js';
import {TableMaker} from './table-maker.js';
import type {TableShape} from './tables.js';
import {getTabularNames, getTabularShapes} from './tabular-shapes.js';
import {UnkeptIds} from './unkept-ids.js';
import {isAnyWritten, type Place, writeContent} from './write-tables.js';

/** By which a batch is written. */
export type TabularPlan = {catalog: Catalog; touched: Touched | undefined};

export class Tabular {
  readonly shapes: TableShape[];
  readonly place: Place;
  readonly maker: TableMaker;

  /** `reserved` are the names of the sink's other tables. */
  constructor(
    readonly dialect: Dialect,
    settings: SqlSettings,
    reserved: string[],
  ) {
    const {tablePrefix: prefix, maxTables, maxColumns, twoWay} = settings;
    const names = getTabularNames(prefix);
    this.shapes = getTabularShapes(names, dialect, twoWay);
    this.place = {
      dialect,
      names,
      unkept: new UnkeptIds(settings.onIgnoredError),
    };
    this.maker = new TableMaker(dialect, {
      names,
      prefix,
      reserved: [...reserved, ...Object.values(names)],
      limits: {maxTables, maxColumns},
      isTwoWay: twoWay,
      onTaken: (tableId, wanted, name) =>
        settings.onIgnoredError(
          new Error(
            `The database has a \`${wanted}\` already, which is not of this sink: ` +
              `the Table ${JSON.stringify(tableId.slice(0, 50))} is \`${name}\`. ` +
              'Give the sink a `tablePrefix` to have its tables apart.',
          ),
        ),
    });
  }

  /** After its shapes are there. */
  open(db: Kysely<any>): Promise<void> {
    return this.maker.open(db);
  }

  /** Finds out how to write a batch, and makes the tables for it. */
  async prepare(db: Kysely<any>, batch: Batch): Promise<TabularPlan> {
    const isNext = await this.#isNext(db, batch);
    const touched = isNext ? getTouched(batch) : undefined;
    const needs = findNeeds(batch.content, touched);
    return {catalog: await this.maker.prepare(db, needs), touched};
  }

  /**
   * Writes a batch, of which the sink has made sure that it is the next one.
   * Resolves to false where it has to be prepared again.
   */
  async write(
    trx: Kysely<any>,
    batch: Batch,
    plan: TabularPlan,
  ): Promise<boolean> {
    if (
      !(await this.maker.isCurrent(trx, plan.catalog)) ||
      (plan.touched && !(await this.#isNext(trx, batch)))
    ) {
      return false;
    }
    const {room, position, content} = batch;
    const {rooms: name, writer} = this.place.names;
    await writeRoomState(trx, this.dialect, {name, room, position});
    const held = await this.#readHeldRows(trx, room);
    const what = {room, content, held, ...plan};
    const act = () => writeContent(trx, this.place, what);
    await runAsMirror(trx, this.dialect, {writer, act});
    // Who has changed a row just before it was written has to be told by now.
    return !isAnyWritten(this.place, what, await this.#readHeldRows(trx, room));
  }

  /** Whether the tables have all of the room as it was before the batch. */
  async #isNext(
    db: Kysely<any>,
    {room, after, commits}: Batch,
  ): Promise<boolean> {
    if (!commits || !after) {
      return false;
    }
    const name = this.place.names.rooms;
    const state = await readRoomState(db, this.dialect, {name, room});
    return isSamePosition(state, after);
  }

  async #readHeldRows(
    trx: Kysely<any>,
    room: string,
  ): Promise<Set<string> | undefined> {
    const name = this.place.names.outbox;
    return this.maker.options.isTwoWay
      ? readHeldRows(trx, this.dialect, {name, room})
      : undefined;
  }
}
