/** What others change in the tables reaches the room. */
import type {Kysely} from 'kysely';
import type {Content} from 'tinybase';
import {decodeChanges, encodeChanges} from '../../protocol/decoded-changes.js';
import {
  isSamePosition,
  type Position,
  type SinkEdits,
  type TwoWaySink,
} from '../sink.js';
import {runAsMirror} from './as-mirror.js';
import {type Catalog, isCovered, type Needs} from './catalog.js';
import type {Dialect} from './dialect.js';
import type {Documents} from './documents.js';
import {findTouched} from './find-touched.js';
import {foldEdits} from './fold-edits.js';
import {checkRoom} from './keys.js';
import {findNeeds} from './needs.js';
import type {SqlSettings} from './options.js';
import {
  deleteEntries,
  type Entry,
  listEditedRooms,
  markTaken,
  readTaken,
  readHeldRows,
  readUntaken,
} from './outbox.js';
import {createPushState, readPushState, writePushState} from './pushes.js';
import type {Tabular} from './tabular.js';
import {transact} from './transact.js';
import {isAnyWritten, writeContent} from './write-tables.js';

const MAX_ATTEMPTS = 10;

/** Thrown to roll back, and to begin again with tables for what is needed. */
class NotReady extends Error {
  constructor(readonly needs: Needs) {
    super('Tables, or rows in them, have changed meanwhile.');
  }
}

type Taken = {
  edits: SinkEdits | undefined;
  invalid: string[];
  isOver: boolean;
};

type Restore = {
  room: string;
  content: Content;
  catalog: Catalog;
  entries: Entry[];
};

export class TwoWay {
  constructor(
    readonly db: Kysely<any>,
    readonly dialect: Dialect,
    readonly parts: {
      documents: Documents;
      tabular: Tabular;
      settings: SqlSettings;
    },
  ) {}

  listEdited(): Promise<string[]> {
    return listEditedRooms(this.db, this.dialect, this.#names);
  }

  async take(room: string): Promise<SinkEdits | undefined> {
    checkRoom(room);
    for (;;) {
      const {edits, invalid, isOver} = await this.#transact((trx, catalog) =>
        this.#take(trx, {room, catalog}),
      );
      if (invalid.length) {
        this.#tellInvalid(room, invalid);
      }
      if (isOver) {
        return edits;
      }
    }
  }

  settle(
    room: string,
    number: number,
    state: Position & {content: Content},
  ): Promise<boolean> {
    checkRoom(room);
    return this.#transact(async (trx, catalog) => {
      const {outbox: name, pushes} = this.#names;
      const {documents} = this.parts;
      if (!isSamePosition(await documents.lock(trx, room), state)) {
        return false;
      }
      const push = await readPushState(trx, this.dialect, {name: pushes, room});
      if (push?.changes == null || push.number != number) {
        // It is settled already.
        return true;
      }
      const entries = await readTaken(trx, this.dialect, {name, room, number});
      const {content} = state;
      await this.#restore(trx, {room, content, catalog, entries});
      const settled = {...push, changes: null};
      await writePushState(trx, this.dialect, {name: pushes, room, ...settled});
      return true;
    });
  }

  get #names() {
    return this.parts.tabular.place.names;
  }

  #tellInvalid(room: string, invalid: string[]): void {
    this.parts.settings.onIgnoredError(
      new Error(
        `What was written to room ${JSON.stringify(room)} cannot be a Cell ` +
          `or Value, and is put back: ${invalid.slice(0, 10).join('; ')}.`,
      ),
    );
  }

  /** Is not over where edits have come to nothing, and there may be more. */
  async #take(
    trx: Kysely<any>,
    {room, catalog}: {room: string; catalog: Catalog},
  ): Promise<Taken> {
    const {outbox: name, pushes} = this.#names;
    const {documents} = this.parts;
    const at = await documents.lock(trx, room);
    const push =
      (await readPushState(trx, this.dialect, {name: pushes, room})) ??
      createPushState();
    const {clientId} = push;
    if (push.changes != null) {
      const changes = decodeChanges(JSON.parse(push.changes));
      const edits = {clientId, number: push.number, changes};
      return {edits, invalid: [], isOver: true};
    }
    const entries = await readUntaken(trx, this.dialect, {name, room});
    const content: Content | undefined = at
      ? (await documents.read(trx, room))?.content
      : [{}, {}];
    if (!entries.length || !content) {
      // Without content, as after it was off, the next batch brings it.
      return {edits: undefined, invalid: [], isOver: true};
    }
    const {changes, invalid} = foldEdits(entries, {
      content,
      catalog,
      names: this.#names,
      hasJson: this.dialect.name == 'postgres',
    });
    const encoded = encodeChanges(changes);
    if (!Object.keys(encoded[0]).length && !Object.keys(encoded[1]).length) {
      await this.#restore(trx, {room, content, catalog, entries});
      return {edits: undefined, invalid, isOver: false};
    }
    const number = push.number + 1;
    await markTaken(trx, this.dialect, {name, entries, number});
    await writePushState(trx, this.dialect, {
      name: pushes,
      room,
      clientId,
      number,
      changes: JSON.stringify(encoded),
    });
    return {edits: {clientId, number, changes}, invalid, isOver: true};
  }

  /** Forgets edits, and writes rows as the room has them. */
  async #restore(
    trx: Kysely<any>,
    {room, content, catalog, entries}: Restore,
  ): Promise<void> {
    const {place, maker} = this.parts.tabular;
    const {outbox: name, writer} = place.names;
    await deleteEntries(trx, this.dialect, {name, entries});
    const touched = findTouched(entries, {catalog, names: place.names});
    const needs = findNeeds(content, touched);
    if (!isCovered(catalog, needs, maker.options.limits)) {
      throw new NotReady(needs);
    }
    // What others have changed since stays, and comes with the next push.
    const held = await readHeldRows(trx, this.dialect, {name, room});
    const what = {room, content, catalog, touched, held};
    const act = () => writeContent(trx, place, what);
    await runAsMirror(trx, this.dialect, {writer, act});
    const now = await readHeldRows(trx, this.dialect, {name, room});
    if (isAnyWritten(place, what, now)) {
      throw new NotReady(needs);
    }
  }

  /** With a catalog that stays as it is. */
  async #transact<Result>(
    act: (trx: Kysely<any>, catalog: Catalog) => Promise<Result>,
  ): Promise<Result> {
    const {maker} = this.parts.tabular;
    let needs: Needs = new Map();
    for (let attempt = 1; ; attempt++) {
      const catalog = await maker.prepare(this.db, needs);
      try {
        return await transact(this.db, this.dialect, async (trx) => {
          if (!(await maker.isCurrent(trx, catalog))) {
            throw new NotReady(needs);
          }
          return act(trx, catalog);
        });
      } catch (error) {
        if (!(error instanceof NotReady)) {
          throw error;
        }
        if (attempt == MAX_ATTEMPTS) {
          throw new Error(
            'Others have changed tables again and again while this was written.',
            {cause: error},
          );
        }
        ({needs} = error);
      }
    }
  }
}

/** Opens before the first call. */
export const createTwoWay = (getOpened: () => Promise<TwoWay>): TwoWaySink => ({
  listEdited: async () => (await getOpened()).listEdited(),
  take: async (room) => (await getOpened()).take(room),
  settle: async (room, number, state) =>
    (await getOpened()).settle(room, number, state),
});
