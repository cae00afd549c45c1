/**
 * A YServer that loads and saves as its readme has it, in the Durable Object's
 * own SQLite: when nothing changed for two seconds, or every ten.
 */
import {routePartykitRequest} from 'partyserver';
import {YServer} from 'y-partyserver';
import {applyUpdate, encodeStateAsUpdate} from 'yjs';

/** What a row of SQLite takes is two megabytes. */
const PIECE_BYTES = 1_000_000;

export class Room extends YServer {
  get #sql(): SqlStorage {
    return this.ctx.storage.sql;
  }

  override async onLoad(): Promise<void> {
    this.#sql.exec(
      'CREATE TABLE IF NOT EXISTS pieces (id INTEGER PRIMARY KEY, piece BLOB)',
    );
    const pieces = this.#sql
      .exec<{piece: ArrayBuffer}>('SELECT piece FROM pieces ORDER BY id')
      .toArray();
    if (pieces.length) {
      const blob = new Blob(pieces.map(({piece}) => piece));
      applyUpdate(this.document, new Uint8Array(await blob.arrayBuffer()));
    }
  }

  override async onSave(): Promise<void> {
    const update = encodeStateAsUpdate(this.document);
    this.#sql.exec('DELETE FROM pieces');
    for (let at = 0; at < update.length; at += PIECE_BYTES) {
      this.#sql.exec(
        'INSERT INTO pieces (piece) VALUES (?)',
        update.slice(at, at + PIECE_BYTES),
      );
    }
  }
}

export default {
  fetch: async (request: Request, env: {Rooms: DurableObjectNamespace}) =>
    (await routePartykitRequest(request, env)) ??
    new Response(null, {status: 404}),
};
