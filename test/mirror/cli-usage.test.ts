/** How the command is called, and what it says where it is called otherwise. */
import {readFileSync} from 'node:fs';
import {Writable} from 'node:stream';
import {describe, expect, test} from 'vitest';
import {main} from '../../src/cli/main.js';
import {createRedactor, getUrlSecrets} from '../../src/cli/redact.js';
import {createReporter} from '../../src/cli/reporter.js';
import {parseRoomUrl} from '../../src/cli/room-address.js';
import {setUpCommand} from '../support/set-up-command.js';

const {getPath, run} = setUpCommand();

const ROOM = 'http://127.0.0.1:9/parties/main/room';

/** In this process, with what it prints. */
const call = async (args: string[], env: Record<string, string> = {}) => {
  const printed = {stdout: '', stderr: ''};
  const collect = (name: 'stdout' | 'stderr') =>
    new Writable({
      write: (chunk, _, done) => {
        printed[name] += chunk;
        done();
      },
    });
  const code = await main(args, {
    env,
    stdin: (async function* () {})(),
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    signal: new AbortController().signal,
    version: '1.2.3',
  });
  return {code, ...printed};
};

describe('as a process', () => {
  test('prints its version, and its help', async () => {
    const {version} = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await run(['--version'])).toEqual({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/mirror .*\n.*export .*\n.*import .*\n.*tail /);
  });

  test('is executable by itself', () => {
    expect(readFileSync(getPath(), 'utf8')).toMatch(
      /^#!\/usr\/bin\/env node\n/,
    );
  });

  test('ends with 2 where it is called in a wrong way', async () => {
    const {code, stdout, stderr} = await run([]);
    expect({code, stdout}).toEqual({code: 2, stdout: ''});
    expect(stderr).toBe('Which command?\nSee tinybase-partykit --help.\n');
  });
});

test.each(['mirror', 'export', 'import', 'tail'])(
  '%s --help names all of its options, and their variables',
  async (name) => {
    const {code, stdout} = await call([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: tinybase-partykit ${name} --room URL`);
    expect(stdout).toContain('[TINYBASE_PARTYKIT_ROOM]');
    expect(stdout).toContain('[TINYBASE_PARTYKIT_TOKEN]');
    expect(stdout.includes('[TINYBASE_PARTYKIT_TO]')).toBe(name == 'mirror');
    expect((await call(['help', name])).stdout).toBe(stdout);
  },
);

test.each([
  [['exprot'], 'There is no command "exprot".'],
  [['export', '--rom', ROOM], 'There is no option --rom.'],
  [['export', '-x'], 'There is no option -x.'],
  [['export', '--room'], 'Option -r, --room <value> argument missing'],
  [['export', ROOM], 'There is an argument that belongs to no option.'],
  [['export'], 'Which room?'],
  [['export', '--room', ROOM, '--room', ROOM], 'One room at a time'],
  [['export', '--room', 'nonsense'], 'this is none'],
  [['export', '--room', 'localhost:1999/parties/main/a'], 'begins with http'],
  [['export', '--room', 'http://localhost:1999'], 'a host without a room'],
  [
    ['export', '--room', 'http://me:hidden@host/party/a'],
    'no user and password',
  ],
  [['export', '--room', `${ROOM}?since=1`], 'takes no ?since='],
  [['export', '--room', ROOM, '--token-in-query'], 'needs a token'],
  [['export', '--room', ROOM, '--token', 'a\nb'], 'no header may have'],
  [['export', '--room', ROOM, '--history', '--bare'], '--history goes with'],
  [['tail', '--room', ROOM, '--since', 'x'], '--since takes EPOCH.OFFSET'],
  [['mirror', '--room', ROOM], 'Where to?'],
  [['mirror', '--room', ROOM, '--to', 'oracle://a'], '--to begins with'],
  [
    ['mirror', '--room', ROOM, '--to', 'redis://a', '--throttle-ms', '-1'],
    '--throttle-ms',
  ],
  [
    ['mirror', '--room', ROOM, '--to', 'redis://a', '--listen', '0'],
    'needs the secret',
  ],
])('%j is misused, says so, and where there is help', async (args, text) => {
  const {code, stdout, stderr} = await call(args);
  expect({code, stdout}).toEqual({code: 2, stdout: ''});
  expect(stderr).toContain(text);
  expect(stderr).toMatch(/\nSee tinybase-partykit.* --help\.\n$/);
});

test.each([
  ['http://h/parties/main/a', 'http://h/parties/main/a/store'],
  ['http://h/parties/main/a/', 'http://h/parties/main/a/store'],
  ['https://h/party/a', 'https://h/party/a/store'],
  ['ws://h/party/a?token=b', 'http://h/party/a/store?token=b'],
  ['wss://h/parties/main/a#x', 'https://h/parties/main/a/store'],
  ['http://h/parties/main/a/store', 'http://h/parties/main/a/store'],
  ['http://h/parties/main/a/store/?a=b', 'http://h/parties/main/a/store?a=b'],
  ['http://h/parties/main/a/data/all', 'http://h/parties/main/a/data/all'],
  ['http://h/parties/main/%2Fa%20b', 'http://h/parties/main/%2Fa%20b/store'],
  ['https://h/else/where', 'https://h/else/where'],
  ['https://h/else/where/', 'https://h/else/where/'],
])('of the room %s the Store is at %s', (given, expected) => {
  expect(parseRoomUrl(given).href).toBe(expected);
});

describe('secrets', () => {
  const SECRETS = ['pass-word', 'to-ken', 'que-ry', 'tok-2'];

  test.each([
    [['export'], {TINYBASE_PARTYKIT_ROOM: `${ROOM}?token=que-ry`}],
    [['export', '--token-in-query', '--room', ROOM], {}],
    [['tail', '--json', '--room', `${ROOM}?a=que-ry`], {}],
    [['import', '--replace'], {TINYBASE_PARTYKIT_ROOM: `${ROOM}?a=que-ry`}],
    [['export', 'mysql://me:pass-word@host', '--room', ROOM], {}],
    [['export', '--pass-word', '--room', `${ROOM}?a=que-ry`], {}],
    [['export', '--quiet=pass-word', '--room', ROOM], {}],
    [['mirror', '--room', ROOM, '--to', 'mysq://me:pass-word@host/db'], {}],
  ])(
    'are not in what %j prints',
    async (args, env) => {
      const {code, stdout, stderr} = await call(args, {
        TINYBASE_PARTYKIT_TOKEN: 'to-ken',
        ...env,
      });
      expect(code).toBeGreaterThan(0);
      expect(stderr).not.toBe('');
      for (const secret of SECRETS) {
        if (args[1] != '--pass-word' || secret != 'pass-word') {
          expect(stdout + stderr).not.toContain(secret);
        }
      }
    },
    20_000,
  );

  test('are masked in whatever an error says', () => {
    const url = 'mysql://root:p%40ss%2Fword@db/x?key=se%20cret';
    const redact = createRedactor([...getUrlSecrets(url), undefined, 'abc']);
    expect(redact(`no ${url}: p@ss/word, se cret, abc`)).toBe(
      'no mysql://root:***@db/x?key=***: ***, ***, abc',
    );
    expect(redact('postgres://u:other@h and redis://:p@h')).toBe(
      'postgres://u:***@h and redis://:***@h',
    );
    expect(redact('http://h/a?b=c at 10:20')).toBe('http://h/a?b=c at 10:20');
  });

  test('that are words of lines of JSON leave those JSON', () => {
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
});
