/** What docs/mirror.md shows of SQL is run, and does what it says. */
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import mysql from 'mysql2/promise';
import pg from 'pg';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {canonicalize} from '../support/content.js';
import {
  createDatabase,
  isDatabaseMissing,
} from '../support/databases/servers.js';
import {readDocsBlocks} from '../support/docs-blocks.js';
import {findFreePort} from '../support/free-port.js';
import {
  CONTENT,
  describePrinted,
  editRoom,
  type ExampleRooms,
  findExample,
  placeExample,
  runQuery,
  startExampleRooms,
  WAIT,
} from '../support/mirror-examples.js';
import {REPOSITORY} from '../support/run.js';
import {runTypeScript} from '../support/run-example.js';
import {createFolder} from '../support/temporary-folder.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';

let rooms: ExampleRooms;
beforeAll(async () => {
  rooms = await startExampleRooms();
});
afterAll(() => rooms?.stop());

test('the room of docs/mirror.md is the one that is tested', async () => {
  const room = await readFile(
    join(REPOSITORY, 'test/rooms/mirrored.ts'),
    'utf8',
  );
  expect(findExample('historyLimit: 10_000_000')).toBe(
    room.replace("'../../src/server/index.js'", "'tinybase-partykit/server'"),
  );
});

test.skipIf(!existsSync('/usr/bin/sqlite3'))(
  'the follower into SQLite shows Tables as tables, and goes on where it was',
  async () => {
    const folder = await createFolder();
    const room = await rooms.startRoom();
    const code = placeExample(findExample('// follow.ts'), room);
    const blocks = readDocsBlocks('mirror.md');
    const at = blocks.findIndex(({code}) =>
      code.startsWith('sqlite3 rooms.db'),
    );
    const ask = () => runQuery(blocks[at]!.code, folder);
    const shown = placeExample(blocks[at + 1]!.code, room);

    const first = await runTypeScript(code, {}, {cwd: folder});
    await until(async () => (await ask()) == shown, {
      ...WAIT,
      message: () => describePrinted(first),
    });
    await first.end('SIGINT');
    await editRoom(room, (store) => store.setCell('pets', 'fido', 'price', 9));
    const second = await runTypeScript(code, {}, {cwd: folder});
    await until(async () => (await ask()).includes('fido|dog|9.0'), WAIT);
    await second.end('SIGINT');
    expect(first.errors + second.errors).toBe('');
  },
);

describe.skipIf(await isDatabaseMissing('mysql'))('in a Next.js route', () => {
  test('webhooks of a room are in MySQL, and what they do not bring is asked for', async () => {
    const database = await createDatabase('mysql');
    onTestFinished(() => database.drop());
    const connection = await mysql.createConnection({
      uri: database.url,
      timezone: 'Z',
    });
    onTestFinished(() => connection.end());
    const read = async (text: string, values: string[]): Promise<any> =>
      (await connection.query(text, values))[0];

    const room = await rooms.startRoom('main');
    const route = await runTypeScript(
      `import {createServer} from 'node:http';
      import {createNodeWebhookListener} from 'tinybase-partykit/webhook';
      ${findExample('// app/webhook/route.ts')}
      createServer(createNodeWebhookListener(POST)).listen(${rooms.webhookPort});`,
      {
        DATABASE_URL: database.url,
        WEBHOOK_SECRET: SECRET,
        PARTYKIT_URL: new URL(room.url).origin,
        BACK_END_KEY: 'key',
      },
    );
    await editRoom(room, (store) =>
      store.setCell('pets', 'fido', 'sold', true),
    );
    const readContent = async (name: string): Promise<any> => {
      const [row] = await read('SELECT * FROM documents WHERE room = ?', [
        name,
      ]);
      return row && JSON.parse(row.content);
    };
    await until(
      async () => (await readContent(room.name))?.[0].pets.fido.sold === true,
      {...WAIT, message: () => describePrinted(route)},
    );
    expect(await readContent(room.name)).toEqual(await room.getContent());
    expect(
      await read(
        'SELECT h.`offset`, after, changes FROM history AS h WHERE room = ? ORDER BY h.`offset`',
        [room.name],
      ),
    ).toEqual([
      {offset: 1, after: null, changes: canonicalize([[...CONTENT, 1]])},
      {
        offset: 2,
        after: 1,
        changes: '[[{"pets":{"fido":{"sold":true}}},{},1]]',
      },
    ]);

    expect(
      await read(placeExample(findExample('AS prices'), room), []),
    ).toEqual([{author: null, prices: [5]}]);

    // Too long for a webhook, which therefore comes without changes.
    await rooms.startRoom('main', {
      name: 'long',
      content: [{t: {r: {c: 'x'.repeat(5_000_000)}}}, {}],
    });
    await until(
      async () => (await readContent('long'))?.[0].t.r.c.length == 5_000_000,
      {...WAIT, message: () => describePrinted(route)},
    );
    await route.end('SIGKILL');
  });
});

describe.skipIf(await isDatabaseMissing('postgres'))('a process', () => {
  test('follows rooms into PostgreSQL, where they are asked by SQL', async () => {
    const database = await createDatabase('postgres');
    onTestFinished(() => database.drop());
    const client = new pg.Client({connectionString: database.url});
    await client.connect();
    onTestFinished(() => client.end());
    const room = await rooms.startRoom('authored');
    const other = await rooms.startRoom('authored');
    const port = await findFreePort();
    const mirror = await runTypeScript(findExample('// mirror.ts'), {
      DATABASE_URL: database.url,
      ROOMS: [room, other].map(({url}) => `${url}/store`).join(' '),
      BACK_END_KEY: 'key',
      PORT: `${port}`,
    });
    const getHealth = () => fetch(`http://127.0.0.1:${port}`);
    await until(async () => (await getHealth()).status == 200, {
      ...WAIT,
      message: () => describePrinted(mirror),
    });
    await editRoom(room, (store) => store.setCell('pets', 'fido', 'price', 9));
    await editRoom(room, (store) => store.delTable('pets'), 'ben');
    await editRoom(room, (store) =>
      store.setTables({pets: {fido: {species: 'dog', price: 6, sold: false}}}),
    );
    await until(async () => {
      const {rows} = await client.query('SELECT * FROM history');
      return rows.length == 5;
    }, WAIT);

    const ask = async (text: string): Promise<unknown[]> =>
      (await client.query(placeExample(findExample(text), room))).rows;
    expect(await ask('avg(price)')).toEqual([
      {species: 'cat', pets: '1', price: 7},
      {species: 'dog', pets: '2', price: 5.5},
    ]);
    expect(await ask('AS open')).toEqual([
      {room: room.name, species: 'dog', open: 'true'},
    ]);
    expect(await ask("author = 'ann'")).toMatchObject([
      {author: 'ann', changes: [[{pets: {fido: {price: 9}}}, {}, 1]]},
      {author: 'ann', changes: [[{pets: {fido: {price: 6}}}, {}, 1]]},
    ]);
    // The first row of each: all of the content.
    expect(await ask('after IS NULL')).toMatchObject([
      {room: room.name, after: null},
      {room: other.name, after: null},
    ]);
    expect(await ask('json_array_elements')).toEqual([
      {author: null, price: '5'},
      {author: 'ann', price: '9'},
      {author: 'ann', price: '6'},
    ]);
    await mirror.end('SIGTERM');
    expect(describePrinted(mirror).trim()).toBe('');
  });
});

describe.skipIf(await isDatabaseMissing('postgres'))('two ways', () => {
  test('D12: what others write to tables reaches the room, which decides', async () => {
    const database = await createDatabase('postgres');
    onTestFinished(() => database.drop());
    const client = new pg.Client({connectionString: database.url});
    await client.connect();
    onTestFinished(() => client.end());
    const room = await rooms.startRoom('oursruled');
    const mirror = await runTypeScript(
      placeExample(findExample('// two-way.ts'), room),
      {DATABASE_URL: database.url},
    );
    const message = () => describePrinted(mirror);
    const ask = async (text: string): Promise<unknown[]> =>
      (await client.query(placeExample(text, room))).rows;
    await until(async () => (await ask('SELECT * FROM pets')).length == 2, {
      ...WAIT,
      message,
    });
    await client.query(placeExample(findExample('UPDATE pets'), room));
    await until(
      async () => {
        const {pets}: any = (await room.getContent())![0];
        return pets.fido.price == 4 && pets.rex?.price == 6;
      },
      {...WAIT, message},
    );
    expect(mirror.errors).toBe('');
    // What it refuses is put back.
    await client.query(
      placeExample(
        "UPDATE pets SET price = -1 WHERE room = 'my-room' AND row_id = 'rex'",
        room,
      ),
    );
    await until(() => mirror.errors.includes('Refused'), {...WAIT, message});
    await until(async () => {
      const [row]: any = await ask(
        "SELECT price FROM pets WHERE row_id = 'rex'",
      );
      return row.price == 6;
    }, WAIT);
    await mirror.end('SIGKILL');
  });
});
