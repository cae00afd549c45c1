/** `mirror`, as a process, from a real room to real databases. */
import {randomUUID} from 'node:crypto';
import {Redis} from 'ioredis';
import type {Kysely} from 'kysely';
import {describe, expect, onTestFinished, test} from 'vitest';
import type {RunningCommand} from '../support/command-line.js';
import {canonicalize} from '../support/content.js';
import {
  getDatabaseUrl,
  isDatabaseMissing,
} from '../support/databases/servers.js';
import {findFreePort} from '../support/free-port.js';
import {startPartyKitDev} from '../support/partykit-dev.js';
import {
  createSqlDatabase,
  isSqlMissing,
  SQL_KINDS,
} from '../support/databases/sql-database.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import type {TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {setUpCommandWithRooms} from '../support/set-up-command.js';
import {SECRET} from '../support/webhook-requests.js';

const PATIENCE = {timeoutMs: 20_000};

const {createRoom, getDev, run, start} = setUpCommandWithRooms('mirror');

const untilSaid = ({printed}: RunningCommand, text: string): Promise<unknown> =>
  until(() => printed.stderr.includes(text), {
    ...PATIENCE,
    message: () => `${text} in ${printed.stderr}`,
  });

const createDatabase = async (kind: (typeof SQL_KINDS)[number]) => {
  const database = await createSqlDatabase(kind);
  onTestFinished(() => database.drop());
  const db = database.connect();
  const getRow = async ({name}: TestRoom): Promise<any> =>
    db
      .selectFrom('documents')
      .selectAll()
      .where('room', '=', name)
      .executeTakeFirst();
  return {
    to: kind == 'sqlite' ? `sqlite:${database.url}` : database.url,
    db,
    getOffset: async (room: TestRoom): Promise<number> =>
      Number((await getRow(room).catch(() => undefined))?.offset ?? 0),
    getContent: async (room: TestRoom): Promise<string> => {
      const {content} = await getRow(room);
      return canonicalize(
        typeof content == 'string' ? JSON.parse(content) : content,
      );
    },
    getOffsets: async (room: TestRoom): Promise<number[]> =>
      (
        await db
          .selectFrom('history')
          .select('offset')
          .where('room', '=', room.name)
          .orderBy('offset')
          .execute()
      ).map(({offset}) => Number(offset)),
  };
};

const upTo = (offset: number): number[] =>
  Array.from({length: offset}, (_, i) => i + 1);

for (const kind of SQL_KINDS) {
  describe.skipIf(await isSqlMissing(kind))(`to ${kind}`, () => {
    test('follows a room until it is told to end, and goes on later', async () => {
      const {to, getOffset, getContent, getOffsets} =
        await createDatabase(kind);
      const room = createRoom();
      await room.putContent([{t: {r: {c: 1}}}, {}]);
      const args = ['--room', room.url, '--to', to, '--history'];
      const first = start(args);
      await untilSaid(first, `Following ${room.name}`);
      await room.patch([{t: {r: {o: {a: [null]}}}}, {'': null}, 1]);
      await until(async () => (await getOffset(room)) == 2, PATIENCE);
      first.child.kill('SIGTERM');
      expect((await first.ended).code, first.printed.stderr).toBe(0);
      expect(first.printed.stdout).toBe('');
      // Which of the first two comes first is open.
      const lines = first.printed.stderr.split('\n');
      expect([...lines.slice(0, 2).sort(), ...lines.slice(2)]).toEqual([
        expect.stringMatching(/^Following room-\d+(, from 1)?\.$/),
        expect.stringMatching(/^room-\d+ at 1: all of the content, \d+ ms b/),
        expect.stringMatching(/^room-\d+ at 2: 1 commit, \d+ ms behind$/),
        'Ended: 1 commit of 1 room written.',
        '',
      ]);
      for (let v = 1; v <= 5; v++) {
        await room.patch([{}, {v}, 1]);
      }
      const second = start(args);
      await until(async () => (await getOffset(room)) == 7, PATIENCE);
      second.child.kill('SIGINT');
      expect((await second.ended).code, second.printed.stderr).toBe(0);
      expect(await getContent(room)).toBe(
        canonicalize(await room.getContent()),
      );
      expect(await getOffsets(room)).toEqual(upTo(7));
    }, 60_000);

    test('has each commit once, however often it is killed', async () => {
      const {to, getOffset, getContent, getOffsets} =
        await createDatabase(kind);
      const room = createRoom();
      await room.putContent([{}, {v: 0}]);
      const args = ['--room', room.url, '--to', to, '--history', '--quiet'];
      const runOnce = () => run([...args, '--once']);
      expect((await runOnce()).code).toBe(0);
      let v = 0;
      for (let run = 0; run < 4; run++) {
        const command = start(args);
        const enough = v + 10;
        // As soon as some of it is written: the rest is under way.
        while ((await getOffset(room)) < enough) {
          await room.patch([{}, {v: ++v}, 1]);
        }
        command.child.kill('SIGKILL');
        await command.ended;
        expect(command.printed.stderr).toBe('');
      }
      expect(await runOnce()).toEqual({code: 0, stdout: '', stderr: ''});
      expect(await getOffsets(room)).toEqual(upTo(v + 1));
      expect(await getContent(room)).toBe(
        canonicalize(await room.getContent()),
      );
    }, 90_000);
  });
}

describe.skipIf(await isDatabaseMissing('redis'))('to redis', () => {
  test('follows a room, and goes on later', async () => {
    const prefix = `cli-${randomUUID()}:`;
    const redis = new Redis(getDatabaseUrl('redis')!);
    onTestFinished(async () => {
      const keys = await redis.keys(`${prefix}*`);
      await redis.del(...keys);
      redis.disconnect();
    });
    const room = createRoom();
    await room.putContent([{}, {v: 1}]);
    const args = [
      ...['--room', room.url, '--to', getDatabaseUrl('redis')!],
      ...['--prefix', prefix, '--history'],
    ];
    for (let v = 2; v <= 3; v++) {
      const command = start(args);
      await untilSaid(command, `Following ${room.name}`);
      await room.patch([{}, {v}, 1]);
      await untilSaid(command, `${room.name} at ${v}: `);
      command.child.kill('SIGTERM');
      expect((await command.ended).code, command.printed.stderr).toBe(0);
    }
    const keys = await redis.keys(`${prefix}*`);
    const types = await Promise.all(keys.map((key) => redis.type(key)));
    const stream = keys[types.indexOf('stream')]!;
    // All of the content, and then a commit each.
    expect(await redis.xlen(stream)).toBe(3);
    const texts = keys.filter((_, i) => types[i] == 'string');
    expect(await redis.mget(texts)).toEqual(['[{},{"v":3}]']);
  }, 60_000);

  test('cannot be two-way', async () => {
    const {code, stderr} = await run([
      ...['--two-way', '--room', 'http://127.0.0.1:9/party/a'],
      ...['--to', getDatabaseUrl('redis')!],
    ]);
    expect({code, stderr}).toEqual({
      code: 2,
      stderr: expect.stringContaining('goes with SQL databases alone'),
    });
  });
});

test('--once writes what several rooms have, and ends', async () => {
  const {to, getContent} = await createDatabase('sqlite');
  const rooms = [createRoom(), createRoom()];
  for (const room of rooms) {
    await room.putContent([{}, {name: room.name}]);
  }
  const {code, stderr} = await run(['--once'], {
    env: {
      TINYBASE_PARTYKIT_ROOM: rooms.map(({url}) => url).join(' '),
      TINYBASE_PARTYKIT_TO: to,
    },
  });
  expect({code, stderr}).toEqual({
    code: 0,
    stderr: expect.stringMatching(
      /: all of the content, [^]*\nEnded: 0 commits of 2 rooms written\.\n$/,
    ),
  });
  for (const room of rooms) {
    expect(await getContent(room)).toBe(canonicalize([{}, {name: room.name}]));
  }
  const gone = await run([
    ...['--once', '--quiet', '--to', to],
    ...['--room', `http://${getDev().host}/parties/none/a`],
  ]);
  expect(gone).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('answers 404'),
  });
});

describe('rows', () => {
  const PETS = {fido: {age: 3}, rex: {age: 5}};

  const listPets = async (db: Kysely<any>): Promise<unknown[]> =>
    db.selectFrom('pets').select(['row_id', 'age']).orderBy('row_id').execute();

  test('are in tables by --tabular', async () => {
    const {to, db} = await createDatabase('sqlite');
    const room = createRoom();
    await room.putContent([{pets: PETS}, {}]);
    const args = ['--room', room.url, '--to', to, '--tabular', '--once'];
    expect(await run(args)).toMatchObject({code: 0});
    expect(await listPets(db)).toEqual([
      {row_id: 'fido', age: 3},
      {row_id: 'rex', age: 5},
    ]);
  });

  test('that others change reach the room by --two-way, and those of the room the table', async () => {
    const {to, db} = await createDatabase('sqlite');
    const room = createRoom();
    await room.putContent([{pets: PETS}, {}]);
    const args = ['--room', room.url, '--to', to, '--tabular', '--two-way'];
    const setAge = (row: string, age: number): Promise<unknown> =>
      db.updateTable('pets').set({age}).where('row_id', '=', row).execute();
    const expectPets = async (pets: Record<string, unknown>): Promise<void> => {
      expect(await room.getContent()).toEqual([{pets}, {}]);
    };

    const first = start(args);
    await untilSaid(first, `${room.name} at 1: `);
    await setAge('fido', 4);
    await untilSaid(first, `${room.name} at 2: `);
    await expectPets({fido: {age: 4}, rex: {age: 5}});
    await room.patch([{pets: {rex: {age: 6}}}, {}, 1]);
    await untilSaid(first, `${room.name} at 3: `);
    expect(await listPets(db)).toEqual([
      {row_id: 'fido', age: 4},
      {row_id: 'rex', age: 6},
    ]);
    first.child.kill('SIGTERM');
    expect((await first.ended).code, first.printed.stderr).toBe(0);

    // Noted while nobody takes it, and taken by the next.
    await db.deleteFrom('pets').where('row_id', '=', 'fido').execute();
    await setAge('rex', 7);
    const second = start(args);
    await untilSaid(second, `${room.name} at 4: `);
    await expectPets({rex: {age: 7}});
    second.child.kill('SIGTERM');
    expect((await second.ended).code, second.printed.stderr).toBe(0);
  }, 60_000);
});

test('says in lines of JSON what it does, and an error once while it lasts', async () => {
  const {to, getOffset} = await createDatabase('sqlite');
  const proxy = await startTcpProxy(getDev().port);
  const room = createRoom({of: proxy});
  const direct = createRoom({name: room.name});
  await direct.putContent([{}, {v: 1}]);
  const command = start(['--json', '--room', room.url, '--to', to]);
  await untilSaid(command, '"following"');
  proxy.cut();
  await untilSaid(command, '"error"');
  await direct.patch([{}, {v: 2}, 1]);
  // Long enough for several attempts.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  proxy.resume();
  await until(async () => (await getOffset(room)) == 2, PATIENCE);
  command.child.kill('SIGTERM');
  expect((await command.ended).code).toBe(0);
  const lines = command.printed.stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const errors = lines.filter(({event}) => event == 'error');
  expect(errors.length).toBeLessThanOrEqual(3);
  expect(new Set(errors.map(({message}) => message)).size).toBe(errors.length);
  expect(errors.at(-1)).toEqual({
    time: expect.any(String),
    event: 'error',
    room: room.name,
    message: expect.stringContaining('cannot be reached'),
  });
  expect(lines.map(({event}) => event)).toContain('recovered');
  expect(lines.filter(({event}) => event == 'written').at(-1)).toMatchObject({
    commits: expect.any(Number),
    lagMs: expect.any(Number),
    rooms: [{room: room.name, epoch: expect.any(String), offset: 2}],
  });
  expect(lines.at(-1)).toMatchObject({event: 'ended', rooms: 1});
}, 60_000);

test('ends at once by a second signal', async () => {
  const {to} = await createDatabase('sqlite');
  const proxy = await startTcpProxy(getDev().port);
  const room = createRoom({of: proxy});
  proxy.stall();
  const command = start(['--once', '--room', room.url, '--to', to]);
  await until(() => proxy.connectionCount, PATIENCE);
  command.child.kill('SIGINT');
  command.child.kill('SIGINT');
  expect((await command.ended).code).toBe(130);
});

test('takes webhooks where it listens, of any room, and asks for the rest', async () => {
  const {to, getOffset, getContent} = await createDatabase('sqlite');
  const port = await findFreePort();
  const webhooks = [
    {url: `http://127.0.0.1:${port}/`, secret: SECRET, throttleMs: 50},
  ];
  const own = await startPartyKitDev({
    main: 'test/rooms/webhooks.ts',
    vars: {webhooks: JSON.stringify(webhooks)},
  });
  onTestFinished(() => own.stop());
  const [before, after] = ['before', 'after'].map((name) =>
    createRoom({of: own, party: 'main', name}),
  ) as [TestRoom, TestRoom];
  // While nobody listens: webhooks wait.
  await before.putContent([{}, {v: 1}]);
  const env = {TINYBASE_PARTYKIT_SECRET: SECRET};
  const command = start(
    [
      ...['--listen', `${port}`, '--to', to],
      ...['--room', `http://${own.host}/parties/main/*`],
    ],
    {env},
  );
  await untilSaid(command, `Taking webhooks at http://127.0.0.1:${port}/`);
  await after.putContent([{t: {r: {c: [1]}}}, {}]);
  await after.patch([{}, {v: 2}, 1]);
  await until(async () => (await getOffset(after)) == 2, PATIENCE);
  await until(async () => (await getOffset(before)) == 1, PATIENCE);
  expect(await getContent(after)).toBe(canonicalize(await after.getContent()));
  command.child.kill('SIGTERM');
  expect((await command.ended).code, command.printed.stderr).toBe(0);
  expect(command.printed.stderr).not.toContain(SECRET);
}, 60_000);
