/** What docs/mirror.md shows of other sinks, and of a backup, is run. */
import {existsSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import Sqlite from 'better-sqlite3';
import {Redis} from 'ioredis';
import {MongoClient} from 'mongodb';
import {sinkContract} from 'tinybase-partykit/mirror/contract';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {buildCommandLine, type CommandLine} from '../support/command-line.js';
import {
  createRandomName,
  createRedisKeys,
  getDatabaseUrl,
  isDatabaseMissing,
} from '../support/databases/servers.js';
import {openFeed} from '../support/event-stream.js';
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
import {startMongoStandIn} from '../support/databases/mongo-stand-in.js';
import {
  importTypeScript,
  type Printed,
  runShell,
  runTypeScript,
} from '../support/run-example.js';
import type {TestRoom} from '../support/test-room.js';
import {createFolder} from '../support/temporary-folder.js';
import {until} from '../support/until.js';

let rooms: ExampleRooms;
let commandLine: CommandLine;
beforeAll(async () => {
  rooms = await startExampleRooms();
  commandLine = await buildCommandLine();
});
afterAll(async () => {
  await rooms?.stop();
  await commandLine?.remove();
});

const untilEnded = async (example: Printed): Promise<string> => {
  await until(() => example.hasEnded, WAIT);
  expect(example.errors).toBe('');
  return example.output;
};

describe.skipIf(await isDatabaseMissing('redis'))('by Redis', () => {
  test('others are served, and each entry is dealt with', async () => {
    const keys = createRedisKeys();
    onTestFinished(() => keys.remove());
    const redis = new Redis(keys.url);
    onTestFinished(() => redis.disconnect());
    const room = await rooms.startRoom();
    const port = await findFreePort();
    const run = (name: string): Promise<Printed> =>
      runTypeScript(
        placeExample(findExample(name), room)
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
    await editRoom(room, (store) =>
      store.setCell('pets', 'fido', 'sold', true),
    );
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
    await editRoom(room, (store) => store.delCell('pets', 'fido', 'sold'));
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
    findExample('// small-sink.ts'),
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

describe('in MongoDB, a real one where there is one', () => {
  test('there is what the room has', async () => {
    const standIn = (await isDatabaseMissing('mongodb'))
      ? await startMongoStandIn({isReplicaSet: true})
      : undefined;
    onTestFinished(() => standIn?.stop());
    const url = standIn?.url ?? getDatabaseUrl('mongodb')!;
    const name = createRandomName();
    const client = new MongoClient(url);
    onTestFinished(() => client.close());
    const db = client.db(name);
    const room = await rooms.startRoom();
    const mirror = await runTypeScript(
      placeExample(findExample('// to-mongodb.ts'), room).replace(
        "'app'",
        `'${name}'`,
      ),
      {MONGODB_URL: url},
    );
    const rows = db.collection('tinybase.rows');
    await until(() => rows.findOne({room: room.name, row: 'fido'}), {
      ...WAIT,
      message: () => describePrinted(mirror),
    });
    await mirror.end('SIGKILL');
    if (!standIn) {
      await db.dropDatabase();
    }
  });
});

describe('a backup in SQLite', () => {
  const back = async (folder: string, rooms: TestRoom[]): Promise<Printed> => {
    const [{host, party}] = rooms as [TestRoom];
    const example = await runTypeScript(
      findExample('// backup.ts').replace('/main/', `/${party}/`),
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
      placeExample(code, room).replaceAll('npx tinybase-partykit', command),
      folder,
    );
    await until(() => shell.hasEnded, WAIT);
    return shell;
  };

  test.skipIf(!existsSync('/usr/bin/sqlite3'))(
    'has all rooms, and gives a room back what it had',
    async () => {
      const folder = await createFolder();
      const [room, other] = [await rooms.startRoom(), await rooms.startRoom()];
      expect(describePrinted(await back(folder, [room, other])).trim()).toBe(
        '',
      );
      await editRoom(room, (store) => store.delTable('pets'));
      const shell = await restore(
        findExample('SELECT content FROM'),
        folder,
        room,
      );
      expect(describePrinted(shell)).toContain('is equal to the file');
      expect(await room.getContent()).toEqual(CONTENT);
      // One that cannot be reached keeps nobody else from being saved.
      await editRoom(other, (store) => store.setValue('open', false));
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
    const room = await rooms.startRoom();
    await back(folder, [room]);
    await editRoom(room, (store) =>
      store.setCell('pets', 'fido', 'sold', true),
    );
    await editRoom(room, (store) => store.delRow('pets', 'felix'));
    await back(folder, [room]);
    await editRoom(room, (store) => store.delTables());
    await back(folder, [room]);
    const code = findExample('// content-at.ts');
    const readAt = async (time: string): Promise<unknown> =>
      JSON.parse(
        await untilEnded(
          await runTypeScript(code, {}, {cwd: folder, args: [room.name, time]}),
        ),
      );
    const database = new Sqlite(join(folder, 'backup.db'));
    expect(
      database.prepare(placeExample(findExample('json_each'), room)).all(),
    ).toEqual([{author: null, price: 5}]);
    const rows = database
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
    const [, restoring] = findExample('earlier.json').split('\n');
    await restore(restoring!, folder, room);
    expect(await room.getContent()).toEqual(earlier);
  });
});
