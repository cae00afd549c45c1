/** `mirror`, as a process, from a real room to real databases. */
import {randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {
  buildCommandLine,
  type CommandLine,
  type CommandOptions,
  runCommand,
  startCommand,
} from '../support/command-line.js';
import {canonicalize} from '../support/content.js';
import {
  getDatabaseUrl,
  isDatabaseMissing,
} from '../support/databases/servers.js';
import {findFreePort} from '../support/free-port.js';
import {type PartyKitDev, startPartyKitDev} from '../support/partykit-dev.js';
import {
  createSqlDatabase,
  isSqlMissing,
  SQL_KINDS,
} from '../support/databases/sql-database.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';

const PATIENCE = {timeoutMs: 20_000};

let dev: PartyKitDev;
let commandLine: CommandLine;
let folder: string;

beforeAll(async () => {
  [dev, commandLine] = await Promise.all([
    startTestRooms(),
    buildCommandLine(),
  ]);
});
afterAll(async () => {
  await commandLine?.remove();
  await dev?.stop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'));
  return () => rm(folder, {recursive: true, force: true});
});

let lastRoom = 0;

/** A room of a name of its own: in a database it is all that tells them apart. */
const createRoom = (of: Pick<PartyKitDev, 'host'> = dev, more = {}): TestRoom =>
  createTestRoom(of, 'ours', {
    party: 'bare',
    name: `mirrored-${++lastRoom}`,
    ...more,
  });

const patch = async (room: TestRoom, changes: unknown): Promise<void> => {
  const body = JSON.stringify(changes);
  const response = await room.request('/store', {method: 'PATCH', body});
  expect(response.status, await response.text()).toBe(200);
};

const start = (args: string[], options?: CommandOptions) =>
  startCommand(commandLine, ['mirror', ...args], options);

const untilSaid = (
  {printed}: ReturnType<typeof start>,
  text: string,
): Promise<unknown> =>
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
      await patch(room, [{t: {r: {o: {a: [null]}}}}, {'': null}, 1]);
      await until(async () => (await getOffset(room)) == 2, PATIENCE);
      first.child.kill('SIGTERM');
      expect((await first.ended).code, first.printed.stderr).toBe(0);
      expect(first.printed.stdout).toBe('');
      // Which of the first two comes first is open.
      const lines = first.printed.stderr.split('\n');
      expect([...lines.slice(0, 2).sort(), ...lines.slice(2)]).toEqual([
        expect.stringMatching(/^Following mirrored-\d+(, from 1)?\.$/),
        expect.stringMatching(
          /^mirrored-\d+ at 1: all of the content, \d+ ms b/,
        ),
        expect.stringMatching(/^mirrored-\d+ at 2: 1 commit, \d+ ms behind$/),
        'Ended: 1 commit of 1 room written.',
        '',
      ]);
      for (let v = 1; v <= 5; v++) {
        await patch(room, [{}, {v}, 1]);
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
      const runOnce = () =>
        runCommand(commandLine, ['mirror', ...args, '--once']);
      expect((await runOnce()).code).toBe(0);
      let v = 0;
      for (let run = 0; run < 4; run++) {
        const command = start(args);
        const enough = v + 10;
        // As soon as some of it is written: the rest is under way.
        while ((await getOffset(room)) < enough) {
          await patch(room, [{}, {v: ++v}, 1]);
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
      await patch(room, [{}, {v}, 1]);
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
    const {code, stderr} = await runCommand(commandLine, [
      ...['mirror', '--two-way', '--room', 'http://127.0.0.1:9/party/a'],
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
  const {code, stderr} = await runCommand(commandLine, ['mirror', '--once'], {
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
  const gone = await runCommand(commandLine, [
    ...['mirror', '--once', '--quiet', '--to', to],
    ...['--room', `http://${dev.host}/parties/none/a`],
  ]);
  expect(gone).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('answers 404'),
  });
});

test('says in lines of JSON what it does, and an error once while it lasts', async () => {
  const {to, getOffset} = await createDatabase('sqlite');
  const proxy = await startTcpProxy(dev.port);
  const room = createRoom(proxy);
  const direct = createRoom(dev, {name: room.name});
  await direct.putContent([{}, {v: 1}]);
  const command = start(['--json', '--room', room.url, '--to', to]);
  await untilSaid(command, '"following"');
  proxy.cut();
  await untilSaid(command, '"error"');
  await patch(direct, [{}, {v: 2}, 1]);
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
  const proxy = await startTcpProxy(dev.port);
  const room = createRoom(proxy);
  proxy.stall();
  const command = start(['--once', '--room', room.url, '--to', to]);
  await until(() => proxy.connectionCount, PATIENCE);
  command.child.kill('SIGINT');
  command.child.kill('SIGINT');
  expect((await command.ended).code).toBe(130);
});

const isMysqlMissing = await isSqlMissing('mysql');

describe('a database', () => {
  const room = 'http://127.0.0.1:9/parties/main/a';

  test.skipIf(isMysqlMissing)(
    'that does not let it in ends it, and the password stays secret',
    async () => {
      const {to} = await createDatabase('mysql');
      const url = new URL(to);
      url.username = 'nobody';
      url.password = 'hush-hush';
      const {code, stdout, stderr} = await runCommand(
        commandLine,
        ['mirror', '--room', room],
        {env: {TINYBASE_PARTYKIT_TO: url.href}},
      );
      expect({code, stdout}).toEqual({code: 1, stdout: ''});
      expect(stderr).toContain("Access denied for user 'nobody'");
      expect(stderr).not.toContain('hush-hush');
    },
  );

  test.each([
    ['mysql://me:hush-hush@127.0.0.1:1/db', 1, 'ECONNREFUSED'],
    ['postgres://me:hush-hush@127.0.0.1:1/db', 1, 'ECONNREFUSED'],
    ['redis://me:hush-hush@127.0.0.1:1', 1, 'ECONNREFUSED'],
    ['sqlite:/none/hush.db', 1, 'directory does not exist'],
    ['sqlite:', 2, 'takes the path of a file'],
    ['mongodb://me:hush-hush@127.0.0.1:1', 2, 'names the database, too'],
    [
      'mongodb://me:hush-hush@127.0.0.1:1/db?serverSelectionTimeoutMS=500',
      1,
      'ECONNREFUSED',
    ],
  ])('%s that is not there ends it', async (to, code, message) => {
    const ended = await runCommand(commandLine, [
      ...['mirror', '--room', room, '--to', to],
    ]);
    expect(ended).toMatchObject({code, stdout: ''});
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('hush-hush');
  });

  test('whose driver is missing says what to install', async () => {
    // Outside of the repository nothing but what was built is found.
    const alone = await buildCommandLine({folder: tmpdir()});
    onTestFinished(() => alone.remove());
    const {code, stderr} = await runCommand(alone, [
      ...['mirror', '--room', room, '--to', 'postgres://h/db'],
    ]);
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringContaining('npm install kysely pg'),
    });
  });

  test('of two rooms of one name is a misuse', async () => {
    const {to} = await createDatabase('sqlite');
    const {code, stderr} = await runCommand(commandLine, [
      ...['mirror', '--to', to, '--room', room],
      ...['--room', 'http://127.0.0.1:9/parties/other/a'],
    ]);
    expect({code, stderr}).toEqual({
      code: 2,
      stderr: expect.stringContaining('Two rooms are called a'),
    });
  });
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
    createRoom(own, {party: 'main', name}),
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
  await patch(after, [{}, {v: 2}, 1]);
  await until(async () => (await getOffset(after)) == 2, PATIENCE);
  await until(async () => (await getOffset(before)) == 1, PATIENCE);
  expect(await getContent(after)).toBe(canonicalize(await after.getContent()));
  command.child.kill('SIGTERM');
  expect((await command.ended).code, command.printed.stderr).toBe(0);
  expect(command.printed.stderr).not.toContain(SECRET);
}, 60_000);
