/** `documents`: a row a room, which is also where the sink is with it. */
import {type Kysely, sql} from 'kysely';
import type {Batch, Position, SinkState} from '../sink.js';
import {isSamePosition} from '../sink.js';
import type {Dialect, Sql} from './dialect.js';
import type {TableShape} from './tables.js';

export const getDocumentsShape = (name: string): TableShape => ({
  name,
  columns: {
    room: ({id}) => sql`${id} not null`,
    content: ({json}) => json,
    epoch: ({id}) => sql`${id} not null`,
    offset: ({integer}) => sql`${integer} not null`,
    updated_at: ({time}) => sql`${time} not null`,
  },
  key: ['room'],
});

type DocumentRow = {
  epoch: string;
  offset: string | number | bigint;
  content: string | null;
};

const OFFSET = sql.id('offset');

const toPosition = ({epoch, offset}: DocumentRow): Position => ({
  epoch,
  offset: Number(offset),
});

export class Documents {
  readonly #table: Sql;

  constructor(
    readonly dialect: Dialect,
    name: string,
    readonly keepsContent: boolean,
  ) {
    this.#table = dialect.getRef(name);
  }

  async read(db: Kysely<any>, room: string): Promise<SinkState | undefined> {
    const content = this.keepsContent
      ? this.dialect.readJson(sql`content`)
      : sql`null`;
    const {rows} = await sql<DocumentRow>`
      select epoch, ${OFFSET}, ${content} as content
      from ${this.#table} where room = ${room}`.execute(db);
    const [row] = rows;
    return (
      row && {
        ...toPosition(row),
        // None where an earlier sink kept none.
        ...(row.content != null && {content: JSON.parse(row.content)}),
      }
    );
  }

  async listRooms(db: Kysely<any>): Promise<string[]> {
    const {rows} = await sql<{room: string}>`
      select room from ${this.#table} order by room`.execute(db);
    return rows.map(({room}) => room);
  }

  /**
   * Moves the room to the batch's position, and keeps others from doing so until
   * the transaction ends. Resolves to false where the room is not where it was,
   * and has then changed nothing.
   */
  async move(trx: Kysely<any>, batch: Batch): Promise<boolean> {
    if (!batch.after) {
      return await this.#insert(trx, batch);
    }
    const {room, after, position} = batch;
    if (!isSamePosition(await this.lock(trx, room), after)) {
      return false;
    }
    await sql`update ${this.#table} set
      content = ${this.#toContent(batch)}, epoch = ${position.epoch},
      ${OFFSET} = ${position.offset}, updated_at = ${this.#toTime(batch)}
      where room = ${room}`.execute(trx);
    return true;
  }

  /** Where the room is, until the transaction ends. */
  async lock(trx: Kysely<any>, room: string): Promise<Position | undefined> {
    // A transaction of SQLite has locked everything already.
    const how = this.dialect.name == 'sqlite' ? sql`` : sql`for update`;
    const {rows} = await sql<DocumentRow>`
      select epoch, ${OFFSET} from ${this.#table}
      where room = ${room} ${how}`.execute(trx);
    return rows[0] && toPosition(rows[0]);
  }

  async #insert(trx: Kysely<any>, batch: Batch): Promise<boolean> {
    const {room, position} = batch;
    const isMysql = this.dialect.name == 'mysql';
    // MySQL says too little of what ON DUPLICATE KEY has done; and elsewhere a
    // statement that fails spoils the transaction.
    const orNothing = isMysql ? sql`` : this.dialect.orNothing('room');
    try {
      const {numAffectedRows} = await sql`
        insert into ${this.#table} (room, content, epoch, ${OFFSET}, updated_at)
        values (${room}, ${this.#toContent(batch)}, ${position.epoch},
          ${position.offset}, ${this.#toTime(batch)}) ${orNothing}`.execute(
        trx,
      );
      return isMysql || numAffectedRows === 1n;
    } catch (error) {
      if (this.dialect.isDuplicate(error)) {
        return false;
      }
      throw error;
    }
  }

  #toContent({content}: Batch): string | null {
    return this.keepsContent ? JSON.stringify(content) : null;
  }

  #toTime({time}: Batch): string {
    return this.dialect.toTime(time);
  }
}
