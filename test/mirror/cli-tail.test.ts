/** `tail`, as a process, with a real server. */
import {expect, test} from 'vitest';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';
import {setUpCommandWithRooms} from '../support/set-up-command.js';

const PATIENCE = {timeoutMs: 20_000};

const {createRoom, getDev, start} = setUpCommandWithRooms('tail');

/** Starts it, and has what it prints as lines. */
const tail = (args: string[]) => {
  const command = start(args);
  const getLines = (): string[] =>
    command.printed.stdout.split('\n').filter(Boolean);
  return {
    ...command,
    getLines,
    untilLines: (count: number): Promise<unknown> =>
      until(() => getLines().length >= count, {
        ...PATIENCE,
        message: () => JSON.stringify(command.printed),
      }),
    untilFollowing: (times = 1): Promise<unknown> =>
      until(
        () => command.printed.stderr.split(/following/i).length > times,
        PATIENCE,
      ),
    getCommits: () => getLines().map((line) => JSON.parse(line)),
  };
};

test('prints what happens from now on, and ends when it is told to', async () => {
  const room = createRoom();
  await room.putContent([{t: {r: {c: 1}}}, {}]);
  const {child, ended, printed, untilFollowing, untilLines, getLines} = tail([
    ...['-r', room.url],
  ]);
  await untilFollowing();
  await room.patch([{t: {r: {c: 2, o: {a: 1}}, s: {c: 1}}}, {v: null}, 1]);
  await room.patch([{t: {r: '\uFFFC'}}, {'\u001b[31m': '\u0007'}, 1]);
  await untilLines(2);
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
  expect(getLines()[0]).toMatch(
    new RegExp(`^${time} 2: t/r/c=2, t/r/o=\\{"a":1\\}, t/s/c=1, v=null$`),
  );
  expect(getLines()[1]).toMatch(
    new RegExp(`^${time} 3: -t/r, "\\\\u001b\\[31m"="\\\\u0007"$`),
  );
  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
  expect(printed.stderr).toBe(`Following ${room.url}/store.\n`);
});

test('--since begins with each commit since then, by itself', async () => {
  const room = createRoom();
  await room.putContent([{}, {v: 1}]);
  for (let v = 2; v <= 5; v++) {
    await room.patch([{}, {v}, 1]);
  }
  const history = await (await room.request('/store?since=2')).json();
  const {epoch} = history[0];
  for (const since of ['2', `${epoch}.2`]) {
    const {child, getCommits, ended} = tail([
      ...['--json', '--quiet', '--since', since, '-r', room.url],
    ]);
    await until(() => getCommits().length == history.length, PATIENCE);
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(getCommits()).toEqual(history);
  }
  for (const since of ['0', '6', 'other.2']) {
    const {ended, printed} = tail(['--since', since, '-r', room.url]);
    expect((await ended).code).toBe(1);
    expect(printed.stderr).toContain('Leave out --since');
  }
});

test('waits for a room to have a Store, and shows all of it then', async () => {
  const room = createRoom();
  const {untilFollowing, untilLines, getLines} = tail(['-r', room.url]);
  await untilFollowing();
  await room.putContent([{t: {r: {c: 1}}}, {v: 1}]);
  await room.patch([{}, {v: 2}, 1]);
  await untilLines(2);
  expect(getLines()).toEqual([
    expect.stringMatching(
      /^- 1: all of the content, of \w{32}: 1 Table, 1 Row, 1 Cell, 1 Value$/,
    ),
    expect.stringMatching(/ 2: v=2$/),
  ]);
});

test('misses nothing, and tells nothing twice, however often it is cut off', async () => {
  const room = createRoom();
  await room.putContent([{}, {v: 1}]);
  const proxy = await startTcpProxy(getDev().port);
  const {untilFollowing, getCommits} = tail([
    ...['--json', '-r', `http://${proxy.host}/parties/bare/${room.name}`],
  ]);
  let v = 1;
  for (let cut = 1; cut <= 4; cut++) {
    await until(async () => getCommits().length == v - 1, PATIENCE);
    if (cut == 1) {
      await untilFollowing();
    }
    await room.patch([{}, {v: ++v}, 1]);
    proxy.cut();
    for (let i = 0; i < 3; i++) {
      await room.patch([{}, {v: ++v}, 1]);
    }
    proxy.resume();
  }
  await until(() => getCommits().length == v - 1, PATIENCE);
  const history = await (await room.request('/store?since=1')).json();
  // One by one, with their times, though the feed has told several as one.
  expect(getCommits()).toEqual(history);
}, 60_000);

test('goes on where the server was killed and started again', async () => {
  const own = await startTestRooms();
  try {
    const room = createRoom({of: own});
    await room.putContent([{}, {v: 1}]);
    const {untilFollowing, untilLines, getCommits, printed} = tail([
      ...['--json', '-r', room.url],
    ]);
    await untilFollowing();
    await room.patch([{}, {v: 2}, 1]);
    await untilLines(1);
    await own.kill();
    await until(() => printed.stderr.includes('"error"'), PATIENCE);
    await own.restart();
    await room.patch([{}, {v: 3}, 1]);
    await untilLines(2);
    const history = await (await room.request('/store?since=1')).json();
    expect(getCommits()).toEqual(history);
    // Each error once, however often it came.
    const errors = printed.stderr
      .split('\n')
      .filter((l) => l.includes('"error"'));
    expect(new Set(errors.map((l) => JSON.parse(l).message)).size).toBe(
      errors.length,
    );
  } finally {
    await own.stop();
  }
}, 90_000);

test('ends where nobody reads what it prints', async () => {
  const room = createRoom();
  await room.putContent([{}, {v: 1}]);
  const {child, ended, untilFollowing, untilLines} = tail(['-r', room.url]);
  await untilFollowing();
  await room.patch([{}, {v: 2}, 1]);
  await untilLines(1);
  child.stdout!.destroy();
  let v = 2;
  await until(async () => {
    await room.patch([{}, {v: ++v}, 1]);
    return child.exitCode !== null;
  }, PATIENCE);
  expect((await ended).code).toBe(1);
});
