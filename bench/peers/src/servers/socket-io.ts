/**
 * The server of Socket.IO's tutorial, with changes in the place of chat
 * messages: a change is a row of SQLite once, whatever is sent again, then all
 * are told, and who connects gets what came after the last one that it has.
 * SQLite writes as a room's storage does: to a log that each change is flushed
 * to, so that what anybody was told survives a loss of power.
 */
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import Database from 'better-sqlite3';
import {Server} from 'socket.io';

const [dir] = process.argv.slice(2);
const db = new Database(join(dir!, 'changes.db'));
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE IF NOT EXISTS changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  client_offset TEXT UNIQUE,
  content TEXT
)`);
const insert = db.prepare<[string, string]>(
  'INSERT INTO changes (content, client_offset) VALUES (?, ?)',
);
const selectAfter = db.prepare<[number], {id: number; content: string}>(
  'SELECT id, content FROM changes WHERE id > ?',
);

const server = createServer();
const io = new Server(server, {connectionStateRecovery: {}});

io.on('connection', (socket) => {
  socket.on(
    'change',
    (content: string, clientOffset: string, acknowledge: () => void) => {
      try {
        const {lastInsertRowid} = insert.run(content, clientOffset);
        io.emit('change', content, Number(lastInsertRowid));
      } catch (error) {
        if (!isKnown(error)) {
          // The client sends it again.
          return;
        }
      }
      acknowledge();
    },
  );
  if (!socket.recovered) {
    const {serverOffset} = socket.handshake.auth as {serverOffset?: number};
    for (const {id, content} of selectAfter.iterate(serverOffset ?? 0)) {
      socket.emit('change', content, id);
    }
  }
});

const isKnown = (error: unknown): boolean =>
  error instanceof Database.SqliteError &&
  error.code == 'SQLITE_CONSTRAINT_UNIQUE';

server.listen(0, '127.0.0.1', () =>
  console.log(`Ready on ${(server.address() as AddressInfo).port}`),
);
