/** What others are slow with, or have called as we call something. */
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {setTimeout} from 'node:timers/promises';
import {Writable} from 'node:stream';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {main} from '../../src/cli/main.js';
import {createRedactor} from '../../src/cli/redact.js';
import {createReporter} from '../../src/cli/reporter.js';
import {parseRoomUrl} from '../../src/cli/room-address.js';
import {
  buildCommandLine,
  type CommandLine,
  startCommand,
} from '../support/command-line.js';
import {until} from '../support/until.js';

let commandLine: CommandLine;
beforeAll(async () => {
  commandLine = await buildCommandLine();
});
afterAll(() => commandLine?.remove());

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

test('lines of JSON stay JSON where a secret is a word of theirs', () => {
  let printed = '';
  const stderr = new Writable({
    write: (chunk, _, done) => {
      printed += chunk;
      done();
    },
  });
  const reporter = createReporter({
    stderr,
    isQuiet: false,
    asJson: true,
    redact: createRedactor(['true', 'event', 'room', '1234', 'time', 'a"bc']),
  });
  reporter.note('', {
    event: 'event',
    room: 'of a"bc',
    isTrue: true,
    offset: 1234,
    list: [{room: 'room'}],
  });
  expect(JSON.parse(printed)).toEqual({
    time: expect.any(String),
    event: 'event',
    room: 'of ***',
    isTrue: true,
    offset: 1234,
    list: [{room: '***'}],
  });
});

test('the Store of a room may be named with a slash at the end', () => {
  expect(parseRoomUrl(`${ROOM}/store/?a=b`).href).toBe(`${ROOM}/store?a=b`);
  expect(parseRoomUrl(`${ROOM}/other/`).href).toBe(`${ROOM}/other/`);
});

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
    const command = startCommand(commandLine, [
      ...['mirror', '--room', ROOM, '--to', to],
      ...more,
    ]);
    await until(() => sockets.size > 0, {timeoutMs: 20_000});
    command.child.kill('SIGINT');
    expect((await command.ended).code, command.printed.stderr).toBe(code);
  });
});
