/** Keeps catalog and tables up with what is to be written. */
import {type Kysely, sql} from 'kysely';
import {
  type Catalog,
  isCovered,
  type Limits,
  loadCatalog,
  type Needs,
  readVersion,
  writeCatalog,
} from './catalog.js';
import type {Dialect} from './dialect.js';
import {runAsMirror} from './as-mirror.js';
import {type Captured, captureTables} from './capture.js';
import {getCapturedShapes, type TabularNames} from './tabular-shapes.js';
import {copyCatalog, listWidened, toCaptured} from './catalog-changes.js';
import {extendCatalog} from './extend-catalog.js';
import {shapeTable, type Widened} from './shape-tables.js';
import {transact} from './transact.js';

export type TableMakerOptions = {
  names: TabularNames;
  prefix: string;
  reserved: string[];
  limits: Limits;
  /** Whether triggers capture what others do to the tables. */
  isTwoWay: boolean;
  onTaken: (tableId: string, wanted: string, name: string) => void;
};

export class TableMaker {
  #catalog: Catalog | undefined;

  constructor(
    readonly dialect: Dialect,
    readonly options: TableMakerOptions,
  ) {}

  /** Makes ready what this sink or another has left in the middle. */
  async open(db: Kysely<any>): Promise<void> {
    const {names, limits} = this.options;
    const version = this.dialect.getRef(names.version);
    const limitsText = JSON.stringify(limits);
    await this.#runAlone(db, async (alone) => {
      await sql`insert into ${version} (id, version, pending, limits)
        values (1, 0, 0, ${limitsText}) ${this.dialect.orNothing('id')}`.execute(
        alone,
      );
      const {limits: before} = await readVersion(alone, this.dialect, names);
      if (before != limitsText) {
        await this.#transact(alone, async (trx) => {
          await sql`update ${version} set limits = ${limitsText}
            where id = 1`.execute(trx);
          // What was beyond the limits may be within, or the other way round: each
          // room is written as a whole when it comes.
          await sql`update ${this.dialect.getRef(names.rooms)}
            set epoch = ''`.execute(trx);
        });
      }
      await this.#finish(alone);
      await this.#captureAll(alone);
    });
  }

  /** A catalog by which what is needed can be written. */
  async prepare(db: Kysely<any>, needs: Needs): Promise<Catalog> {
    this.#catalog ??= await loadCatalog(db, this.dialect, this.options.names);
    if (
      this.#catalog.isPending ||
      !isCovered(this.#catalog, needs, this.options.limits)
    ) {
      await this.#runAlone(db, (alone) => this.#extend(alone, needs));
    }
    return this.#catalog;
  }

  /**
   * Whether the catalog is still as it was prepared, and stays so until the
   * transaction ends.
   */
  async isCurrent(trx: Kysely<any>, {version}: Catalog): Promise<boolean> {
    const now = await readVersion(trx, this.dialect, {
      ...this.options.names,
      lock: true,
    });
    const isCurrent = now.version == version && !now.isPending;
    if (!isCurrent) {
      this.#catalog = undefined;
    }
    return isCurrent;
  }

  async #runAlone(
    db: Kysely<any>,
    act: (alone: Kysely<any>) => Promise<void>,
  ): Promise<void> {
    try {
      await this.dialect.runAlone(db, 'tables', act);
    } catch (error) {
      this.#catalog = undefined;
      throw error;
    }
  }

  /** As it makes tables, too, where that is in a transaction. */
  #transact(
    alone: Kysely<any>,
    act: (trx: Kysely<any>) => Promise<void>,
  ): Promise<void> {
    return this.dialect.name == 'mysql'
      ? transact(alone, this.dialect, act)
      : act(alone);
  }

  async #extend(alone: Kysely<any>, needs: Needs): Promise<void> {
    const {dialect, options} = this;
    await this.#finish(alone);
    const before = this.#catalog!;
    const catalog = copyCatalog(before);
    const columns = new Map<string, string[]>();
    for (const tableId of needs.keys()) {
      const name = catalog.tables.get(tableId)?.name;
      if (name !== undefined) {
        columns.set(name, await dialect.listColumns(alone, name));
      }
    }
    const changes = extendCatalog(catalog, needs, {
      ...options,
      ...options.limits,
      relations: await dialect.listRelations(alone),
      columns,
    });
    if (!changes.length) {
      return;
    }
    // Where tables are made outside of transactions, what they are to be comes
    // first: whoever comes after a crash makes them so, and nobody writes before.
    await this.#transact(alone, (trx) =>
      writeCatalog(trx, dialect, {names: options.names, changes}),
    );
    await this.#shape(alone, catalog, listWidened(before, changes));
    this.#catalog = await loadCatalog(alone, dialect, options.names);
  }

  /** Loads the catalog, and makes all tables as it says where they may not be. */
  async #finish(alone: Kysely<any>): Promise<void> {
    const {dialect, options} = this;
    let catalog = await loadCatalog(alone, dialect, options.names);
    if (catalog.isPending) {
      const names = [...catalog.tables.values()].map(({name}) => name);
      await this.#shape(
        alone,
        catalog,
        new Map(names.map((name) => [name, []])),
      );
      catalog = await loadCatalog(alone, dialect, options.names);
    }
    this.#catalog = catalog;
  }

  /** Makes tables as the catalog says, and then says that they are. */
  async #shape(
    alone: Kysely<any>,
    {tables}: Catalog,
    widened: Map<string, Widened[]>,
  ): Promise<void> {
    const {writer} = this.options.names;
    const shaped = [...tables.values()].filter(({name}) => widened.has(name));
    const act = async (): Promise<void> => {
      for (const table of shaped) {
        await shapeTable(alone, this.dialect, {
          table,
          widened: widened.get(table.name)!,
        });
      }
      await this.#capture(alone, shaped.map(toCaptured));
    };
    // Where Cells are written anew, triggers see it.
    await runAsMirror(alone, this.dialect, {writer, act});
    await sql`update ${this.dialect.getRef(this.options.names.version)}
      set pending = 0 where id = 1`.execute(alone);
  }

  async #capture(alone: Kysely<any>, tables: Captured[]): Promise<void> {
    const {isTwoWay, names} = this.options;
    if (isTwoWay) {
      await captureTables(alone, this.dialect, {tables, names});
    }
  }

  /** All that there is, as two-way may be new. */
  async #captureAll(alone: Kysely<any>): Promise<void> {
    const {isTwoWay, names} = this.options;
    if (isTwoWay) {
      await this.dialect.capture.prepare?.(alone, names);
    }
    const tables = [...this.#catalog!.tables.values()].map(toCaptured);
    await this.#capture(alone, [...getCapturedShapes(names), ...tables]);
  }
}
