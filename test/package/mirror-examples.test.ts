/** What docs/mirror.md shows is run, and does what it says. */
import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import Sqlite from 'better-sqlite3';
import {Redis} from 'ioredis';
import {MongoClient} from 'mongodb';
import mysql from 'mysql2/promise';
import pg from 'pg';
import {sinkContract} from 'tinybase-partykit/mirror/contract';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {canonicalize} from '../support/content.js';
import {buildCommandLine, type CommandLine} from '../support/command-line.js';
import {
  createDatabase,
  createRandomName,
  createRedisKeys,
  getDatabaseUrl,
  isDatabaseMissing,
} from '../support/databases/servers.js';
import {findDocsBlock, readDocsBlocks} from '../support/docs-blocks.js';
import {openFeed} from '../support/event-stream.js';
import {findFreePort} from '../support/free-port.js';
import {getPendingCount, startClient} from '../support/halves.js';
import {type PartyKitDev, startPartyKitDev} from '../support/partykit-dev.js';
import {REPOSITORY} from '../support/run.js';
import {
  importTypeScript,
  type Printed,
  runShell,
  runTypeScript,
} from '../support/run-example.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';

const SHOWN_URL = 'http://localhost:1999/parties/main/my-room/store';
const CONTENT: any = [
  {
    pets: {
      fido: {species: 'dog', price: 5, sold: false},
      felix: {species: 'cat', price: 7, sold: false},
    },
  },
  {open: true},
];

const findBlock = (text: string): string => findDocsBlock('mirror.md', text);

let dev: PartyKitDev;
let commandLine: CommandLine;
let webhookPort: number;

beforeAll(async () => {
  webhookPort = await findFreePort();
  const rooms = join(REPOSITORY, 'test/rooms');
  dev = await startPartyKitDev({
    main: 'test/rooms/mirrored.ts',
    vars: {
      WEBHOOK_URL: `http://127.0.0.1:${webhookPort}/webhook`,
      WEBHOOK_SECRET: SECRET,
    },
    config: {
      parties: {ours: `${rooms}/ours.ts`, authored: `${rooms}/authored.ts`},
    },
  });
  commandLine = await buildCommandLine();
});

afterAll(async () => {
  await dev?.stop();
  await commandLine?.remove();
});

let lastRoom = 0;

const startRoom = async (
  party: 'main' | 'ours' | 'authored' = 'ours',
): Promise<TestRoom> => {
  const room = createTestRoom(dev, 'ours', {party, name: `room-${++lastRoom}`});
  await room.putContent(CONTENT);
  return room;
};

/** What a user does; resolves when the room has it. */
const edit = async (
  room: TestRoom,
  act: (store: Awaited<ReturnType<typeof startClient>>['store']) => void,
  id = 'ann',
): Promise<void> => {
  const client = await startClient('ours', room, {socket: {id}});
  act(client.store);
  await until(() => !getPendingCount(client));
  await client.destroy();
};

/** An example, with this room in place of that shown. */
const place = (code: string, {url, name}: TestRoom): string =>
  code.replaceAll(SHOWN_URL, `${url}/store`).replaceAll('my-room', name);

const createFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'mirror-examples-'));
  onTestFinished(() => rm(folder, {recursive: true}));
  return folder;
};

const describePrinted = ({output, errors}: Printed) => `${output}\n${errors}`;

/** What a query in a shell prints. */
const runQuery = async (code: string, folder: string): Promise<string> => {
  const shell = runShell(code, folder);
  await until(() => shell.hasEnded);
  return shell.output;
};

const untilEnded = async (example: Printed): Promise<string> => {
  await until(() => example.hasEnded, {timeoutMs: 15_000});
  expect(example.errors).toBe('');
  return example.output;
};

const WAIT = {timeoutMs: 15_000};

test('the room of docs/mirror.md is the one that is tested', async () => {
  const room = await readFile(
    join(REPOSITORY, 'test/rooms/mirrored.ts'),
    'utf8',
  );
  expect(findBlock('historyLimit: 10_000_000')).toBe(
    room.replace("'../../src/server/index.js'", "'tinybase-partykit/server'"),
  );
});

test.skipIf(!existsSync('/usr/bin/sqlite3'))(
  'the follower into SQLite shows Tables as tables, and goes on where it was',
  async () => {
    const folder = await createFolder();
    const room = await startRoom();
    const code = place(findBlock('// follow.ts'), room);
    const blocks = readDocsBlocks('mirror.md');
    const at = blocks.findIndex(({code}) =>
      code.startsWith('sqlite3 rooms.db'),
    );
    const ask = () => runQuery(blocks[at]!.code, folder);
    const shown = place(blocks[at + 1]!.code, room);

    const first = await runTypeScript(code, {}, {cwd: folder});
    await until(async () => (await ask()) == shown, {
      ...WAIT,
      message: () => describePrinted(first),
    });
    await first.end('SIGINT');
    await edit(room, (store) => store.setCell('pets', 'fido', 'price', 9));
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

    const route = await runTypeScript(
      `import {createServer} from 'node:http';
      import {createNodeWebhookListener} from 'tinybase-partykit/webhook';
      ${findBlock('// app/webhook/route.ts')}
      createServer(createNodeWebhookListener(POST)).listen(${webhookPort});`,
      {
        DATABASE_URL: database.url,
        WEBHOOK_SECRET: SECRET,
        PARTYKIT_URL: `http://${dev.host}`,
        BACK_END_KEY: 'key',
      },
    );
    const room = await startRoom('main');
    await edit(room, (store) => store.setCell('pets', 'fido', 'sold', true));
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

    // Too long for a webhook, which therefore comes without changes.
    const long = createTestRoom(dev, 'ours', {party: 'main', name: 'long'});
    await long.putContent([{t: {r: {c: 'x'.repeat(5_000_000)}}}, {}]);
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
    const room = await startRoom('authored');
    const other = await startRoom('authored');
    const port = await findFreePort();
    const mirror = await runTypeScript(findBlock('// mirror.ts'), {
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
    await edit(room, (store) => store.setCell('pets', 'fido', 'price', 9));
    await edit(room, (store) => store.delTable('pets'), 'ben');
    await edit(room, (store) =>
      store.setTables({pets: {fido: {species: 'dog', price: 6, sold: false}}}),
    );
    await until(async () => {
      const {rows} = await client.query('SELECT * FROM history');
      return rows.length == 5;
    }, WAIT);

    const ask = async (text: string): Promise<unknown[]> =>
      (await client.query(place(findBlock(text), room))).rows;
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
    expect(await ask('AS price\nFROM history')).toEqual([
      {author: null, price: '5'},
      {author: 'ann', price: '9'},
      {author: 'ann', price: '6'},
    ]);
    await mirror.end('SIGTERM');
    expect(describePrinted(mirror).trim()).toBe('');
  });
});

describe.skipIf(await isDatabaseMissing('redis'))('by Redis', () => {
  test('others are served, and each entry is dealt with', async () => {
    const keys = createRedisKeys();
    onTestFinished(() => keys.remove());
    const redis = new Redis(keys.url);
    onTestFinished(() => redis.disconnect());
    const room = await startRoom();
    const port = await findFreePort();
    const run = (name: string): Promise<Printed> =>
      runTypeScript(
        place(findBlock(name), room)
          .replaceAll('shop:', keys.prefix)
          .replaceAll('jobs:', `${keys.prefix}jobs:`),
        {REDIS_URL: keys.url, PORT: `${port}`},
      );
    const examples = [await run('// fan-out.ts'), await run('// serve.ts')];
    const url = `http://127.0.0.1:${port}`;
    const readStart = async () => {
      const stream = await openFeed(url);
      onTestFinished(() => stream.leave());
      await until(() => stream.events.length, WAIT);
      return stream;
    };
    const message = () => examples.map(describePrinted).join('\n');
    // Until the mirror has written it there is nothing.
    const reader = await until(
      async () => {
        const opened = await readStart();
        return opened.events[0]!.data.content[0].pets && opened;
      },
      {...WAIT, message},
    );
    expect(reader.events[0]).toMatchObject({
      name: 'content',
      data: {offset: 1, content: CONTENT},
    });
    await edit(room, (store) => store.setCell('pets', 'fido', 'sold', true));
    await until(() => reader.events.length == 2, {...WAIT, message});
    expect(reader.events[1]).toMatchObject({
      name: 'commit',
      data: {
        after: 1,
        offset: 2,
        changes: [[{pets: {fido: {sold: true}}}, {}, 1]],
      },
    });
    const late = await readStart();
    expect(late.events[0]!.data).toEqual({
      epoch: reader.events[0]!.data.epoch,
      offset: 2,
      content: (await room.getContent())!,
    });

    const stream = `${keys.prefix}{${room.name}}:commits`;
    const jobs = await run('// jobs.ts');
    examples.push(jobs);
    const sold = '2 undefined [[{"pets":{"fido":{"sold":true}}},{},1]]\n';
    await until(() => jobs.output == `1 undefined replaced\n${sold}`, {
      ...WAIT,
      message,
    });
    // Before that it would deal with the last one again.
    await until(
      async () =>
        (await redis.get(`${keys.prefix}jobs:${room.name}:done`)) ==
        (await redis.xrevrange(stream, '+', '-', 'COUNT', 1))[0]![0],
    );
    await jobs.end('SIGKILL');
    await edit(room, (store) => store.delCell('pets', 'fido', 'sold'));
    const again = await run('// jobs.ts');
    examples.push(again);
    const undone = '3 undefined [[{"pets":{"fido":{"sold":"\uFFFC"}}},{},1]]\n';
    await until(() => again.output == undone, {...WAIT, message});
    // Who has missed a message is cut off, and comes back.
    await redis.publish(
      `${keys.prefix}{${room.name}}:written`,
      JSON.stringify({room: room.name, epoch: 'e', offset: 9, time: 1}),
    );
    await reader.end;
    await Promise.all(examples.map((example) => example.end('SIGKILL')));
    expect(
      message()
        .replaceAll(/^\d .*$/gm, '')
        .trim(),
    ).toBe('');
  });
});

test('the sink of one’s own passes the suite', async () => {
  const {createSmallSink} = await importTypeScript(
    findBlock('// small-sink.ts'),
  );
  const cases = sinkContract(async () => {
    const folder = await createFolder();
    return {
      createSink: () => createSmallSink(new Sqlite(join(folder, 'rooms.db'))),
    };
  });
  for (const {name, run} of cases) {
    await run().catch((cause) => expect.fail(`${name}: ${cause}`));
  }
}, 60_000);

describe.skipIf(await isDatabaseMissing('mongodb'))('in MongoDB', () => {
  test('there is what the room has', async () => {
    const url = getDatabaseUrl('mongodb')!;
    const name = createRandomName();
    const client = new MongoClient(url);
    onTestFinished(() => client.close());
    const db = client.db(name);
    onTestFinished(async () => void (await db.dropDatabase()));
    const room = await startRoom();
    const mirror = await runTypeScript(
      place(findBlock('// to-mongodb.ts'), room).replace("'app'", `'${name}'`),
      {MONGODB_URL: url},
    );
    const rows = db.collection('tinybase.rows');
    await until(() => rows.findOne({room: room.name, row: 'fido'}), {
      ...WAIT,
      message: () => describePrinted(mirror),
    });
    await mirror.end('SIGKILL');
  });
});

describe('a backup in SQLite', () => {
  const back = async (folder: string, rooms: TestRoom[]): Promise<Printed> => {
    const [{host, party}] = rooms as [TestRoom];
    const example = await runTypeScript(
      findBlock('// backup.ts').replace('/main/', `/${party}/`),
      {
        ROOMS: rooms.map(({name}) => name).join(' '),
        PARTYKIT_URL: `http://${host}`,
      },
      {cwd: folder},
    );
    await until(() => example.hasEnded, WAIT);
    return example;
  };

  const restore = async (code: string, folder: string, room: TestRoom) => {
    // The command as it is built here, in place of the one installed.
    const command = `${process.execPath} ${commandLine.path}`;
    const shell = runShell(
      place(code, room).replaceAll('npx tinybase-partykit', command),
      folder,
    );
    await until(() => shell.hasEnded, WAIT);
    return shell;
  };

  test.skipIf(!existsSync('/usr/bin/sqlite3'))(
    'has all rooms, and gives a room back what it had',
    async () => {
      const folder = await createFolder();
      const [room, other] = [await startRoom(), await startRoom()];
      expect(describePrinted(await back(folder, [room, other])).trim()).toBe(
        '',
      );
      await edit(room, (store) => store.delTable('pets'));
      const shell = await restore(
        findBlock('SELECT content FROM'),
        folder,
        room,
      );
      expect(describePrinted(shell)).toContain('is equal to the file');
      expect(await room.getContent()).toEqual(CONTENT);
      // One that cannot be reached keeps nobody else from being saved.
      await edit(other, (store) => store.setValue('open', false));
      const gone = {...room, name: '..'};
      const example = await back(folder, [gone, other]);
      expect(example.errors).not.toBe('');
      expect(
        await runQuery(
          `sqlite3 backup.db "SELECT content FROM documents WHERE room = '${other.name}'"`,
          folder,
        ),
      ).toContain('"open":false');
    },
  );

  test('says what a room was at a time', async () => {
    const folder = await createFolder();
    const room = await startRoom();
    await back(folder, [room]);
    await edit(room, (store) => store.setCell('pets', 'fido', 'sold', true));
    await edit(room, (store) => store.delRow('pets', 'felix'));
    await back(folder, [room]);
    await edit(room, (store) => store.delTables());
    await back(folder, [room]);
    const code = findBlock('// content-at.ts');
    const readAt = async (time: string): Promise<unknown> =>
      JSON.parse(
        await untilEnded(
          await runTypeScript(code, {}, {cwd: folder, args: [room.name, time]}),
        ),
      );
    const rows = new Sqlite(join(folder, 'backup.db'))
      .prepare('SELECT time FROM history ORDER BY "offset"')
      .all() as {time: string}[];
    expect(rows).toHaveLength(4);
    expect(await readAt(rows[2]!.time)).toEqual([
      {pets: {fido: {species: 'dog', price: 5, sold: true}}},
      {open: true},
    ]);
    expect(await readAt('2100-01-01')).toEqual([{}, {open: true}]);
    expect(await readAt('2000-01-01')).toEqual([{}, {}]);
    const earlier = await readAt(rows[1]!.time);
    await writeFile(join(folder, 'earlier.json'), JSON.stringify(earlier));
    const [, restoring] = findBlock('earlier.json').split('\n');
    await restore(restoring!, folder, room);
    expect(await room.getContent()).toEqual(earlier);
  });
});
