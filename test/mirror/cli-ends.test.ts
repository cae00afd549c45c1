/** That the command ends where it cannot go on, or others are silent or gone. */
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout} from 'node:timers/promises';
import {Writable} from 'node:stream';
import {describe, expect, onTestFinished, test} from 'vitest';
import {main} from '../../src/cli/main.js';
import {buildCommandLine, runCommand} from '../support/command-line.js';
import {
  createSqlDatabase,
  isSqlMissing,
} from '../support/databases/sql-database.js';
import {createFolder} from '../support/temporary-folder.js';
import {setUpCommand} from '../support/set-up-command.js';
import {until} from '../support/until.js';

const {run, start} = setUpCommand('mirror');

const ROOM = 'http://127.0.0.1:1/parties/main/room';

/** A server that takes connections, and never says anything. */
const startSilentServer = async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve()),
  );
  onTestFinished(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  return {sockets, port: (server.address() as AddressInfo).port};
};

const closed = () =>
  new Writable({
    write: (_chunk, _encoding, done) =>
      done(Object.assign(new Error('write EPIPE'), {code: 'EPIPE'})),
  }).on('error', () => {});

test.each([
  [['--help'], 1],
  [['--version'], 1],
  [['help'], 1],
  [['nothing'], 2],
  [[], 2],
])('%j ends with %i where nobody reads', async (args, code) => {
  const surroundings = {
    env: {},
    stdin: (async function* () {})(),
    stdout: closed(),
    stderr: closed(),
    signal: new AbortController().signal,
    version: '1.2.3',
  };
  expect(await main(args, surroundings)).toBe(code);
});

test('import ends by a signal though stdin goes on', async () => {
  const controller = new AbortController();
  const running = main(['import', '--room', ROOM], {
    env: {},
    stdin: (async function* () {
      yield '[';
      await setTimeout(60_000, undefined, {ref: false});
    })(),
    stdout: closed(),
    stderr: closed(),
    signal: controller.signal,
    version: '1.2.3',
  });
  controller.abort();
  expect(await running).toBe(130);
});

describe.each(['mysql', 'postgres', 'redis'])('a %s that is silent', (kind) => {
  test.each([
    [[], 0],
    [['--once'], 130],
  ])('keeps no mirror %j from its end', async (more, code) => {
    const {port, sockets} = await startSilentServer();
    const to = `${kind}://u:p@127.0.0.1:${port}${kind == 'redis' ? '' : '/d'}`;
    const command = start(['--room', ROOM, '--to', to, ...more]);
    await until(() => sockets.size > 0, {timeoutMs: 20_000});
    command.child.kill('SIGINT');
    expect((await command.ended).code, command.printed.stderr).toBe(code);
  });
});

const isMysqlMissing = await isSqlMissing('mysql');

describe('a database', () => {
  test.skipIf(isMysqlMissing)(
    'that does not let it in ends it, and the password stays secret',
    async () => {
      const database = await createSqlDatabase('mysql');
      onTestFinished(() => database.drop());
      const url = new URL(database.url);
      url.username = 'nobody';
      url.password = 'hush-hush';
      const {code, stdout, stderr} = await run(['--room', ROOM], {
        env: {TINYBASE_PARTYKIT_TO: url.href},
      });
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
    const ended = await run(['--room', ROOM, '--to', to]);
    expect(ended).toMatchObject({code, stdout: ''});
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('hush-hush');
  });

  test('whose driver is missing says what to install', async () => {
    // Outside of the repository nothing but what was built is found.
    const alone = await buildCommandLine({folder: tmpdir()});
    onTestFinished(() => alone.remove());
    const {code, stderr} = await runCommand(alone, [
      ...['mirror', '--room', ROOM, '--to', 'postgres://h/db'],
    ]);
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringContaining('npm install kysely pg'),
    });
  });

  test('of two rooms of one name is a misuse', async () => {
    const to = `sqlite:${join(await createFolder(), 'rooms.db')}`;
    const {code, stderr} = await run([
      ...['--to', to, '--room', ROOM],
      ...['--room', 'http://127.0.0.1:1/parties/other/room'],
    ]);
    expect({code, stderr}).toEqual({
      code: 2,
      stderr: expect.stringContaining('Two rooms are called room'),
    });
  });
});
