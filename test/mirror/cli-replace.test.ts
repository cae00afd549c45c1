/** `import --replace`, and whatever may come in between. */
import {createServer, type RequestListener, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import {applyAllToContent} from '../../src/protocol/content.js';
import {canonicalize} from '../support/content.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import type {TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {setUpCommandWithRooms} from '../support/set-up-command.js';

const {createRoom, getDev, run, start} = setUpCommandWithRooms('import');

const getOffset = async (room: TestRoom): Promise<number> => {
  const {headers} = await room.request('/store');
  return Number(/\.(\d+)"$/.exec(headers.get('ETag')!)![1]);
};

const BEFORE = [
  {
    same: {r: {c: 1}},
    gone: {r: {c: 1}},
    table: {gone: {c: 1}, row: {gone: 1, kept: 1, other: 1}},
  },
  {gone: 1, kept: {a: 1}, other: 1},
] as any;
const AFTER = [
  {
    same: {r: {c: 1}},
    fresh: {r: {c: [1]}},
    table: {fresh: {c: 1}, row: {fresh: 1, kept: 1, other: null}},
  },
  {fresh: 1, kept: {a: 1}, other: {a: 1}},
] as any;

describe('a room that has content', () => {
  test('keeps it without --replace', async () => {
    const room = createRoom();
    await room.putContent(BEFORE);
    const {code, stdout, stderr} = await run(['-r', room.url], {
      input: JSON.stringify(AFTER),
    });
    expect({code, stdout}).toEqual({code: 1, stdout: ''});
    expect(stderr).toMatch(/has content already, and keeps it. With --replace/);
    expect(await getOffset(room)).toBe(1);
  });

  test('is made equal by one commit with it, and then left alone', async () => {
    const room = createRoom();
    await room.putContent(BEFORE);
    const args = ['--replace', '-r', room.url];
    const input = JSON.stringify(AFTER);
    const {code, stderr} = await run(args, {input});
    expect({code, stderr}).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /is equal to the file, at \w+\.2: 3 Tables/,
      ),
    });
    expect(canonicalize(await room.getContent())).toBe(canonicalize(AFTER));
    const history = await (await room.request('/store?since=1')).json();
    expect(history.map(({changes}: any) => changes)).toEqual([
      [
        [
          {
            gone: '\uFFFC',
            fresh: {r: {c: '\uFFFD[1]'}},
            table: {
              gone: '\uFFFC',
              fresh: {c: 1},
              row: {gone: '\uFFFC', fresh: 1, other: null},
            },
          },
          {gone: '\uFFFC', fresh: 1, other: '\uFFFD{"a":1}'},
          1,
        ],
      ],
    ]);
    expect((await run(args, {input})).code).toBe(0);
    expect(await getOffset(room)).toBe(2);
    // Nothing at all is content, too.
    expect((await run(args, {input: '[{},{}]'})).code).toBe(0);
    expect(await room.getContent()).toEqual([{}, {}]);
  });

  test('is not touched by a file that is none', async () => {
    const room = createRoom();
    await room.putContent(BEFORE);
    for (const [input, message] of [
      ['[{"a":{"b":{"c":1}}},\n{"d":1', 'no JSON, in line 2, column 7'],
      ['[{"a":{"b":{"c":1}}},{"d":"\uFFFDx"}]', 'Value "d" is no Cell'],
      [Buffer.from([0x5b, 0xff, 0x5d]), 'is no UTF-8'],
      ['', 'is empty'],
    ] as const) {
      const {code, stderr} = await run(['--replace', '-r', room.url], {input});
      expect({code, stderr}).toEqual({
        code: 1,
        stderr: expect.stringContaining(message),
      });
    }
    const args = ['--replace', '-r', room.url, '-i', '/none'];
    expect((await run(args)).stderr).toContain('/none cannot be read: ENOENT');
    expect(await getOffset(room)).toBe(1);
  });
});

test('writes of others meanwhile are met, and not lost behind its back', async () => {
  const room = createRoom();
  const rows = (value: number) =>
    Object.fromEntries(
      Array.from({length: 2_000}, (_, i) => [`r${i}`, {a: value, b: i}]),
    );
  await room.putContent([{t: rows(0)}, {}]);
  const proxy = await startTcpProxy(getDev().port);
  proxy.delay(() => 5);
  const command = start(
    ['--replace', '-r', `http://${proxy.host}/parties/bare/${room.name}`],
    {input: JSON.stringify([{t: rows(1)}, {}])},
  );
  let writes = 0;
  // Each adds what the file has not; then a while goes by until the next.
  while (command.child.exitCode === null) {
    await room.patch([{more: {[++writes]: {c: writes}}}, {}, 1]);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  const {code} = await command.ended;
  expect(code, command.printed.stderr).toBe(0);
  expect(writes).toBeGreaterThan(1);
  // At the offset that it names the room was equal to the file.
  const [, place, offset] = /at (\w+\.(\d+))[;:]/.exec(command.printed.stderr)!;
  const then = await room.request(`/store?at=${place}`);
  expect(canonicalize(await then.json())).toBe(
    canonicalize([{t: rows(1)}, {}]),
  );
  // Whatever it changed, it knew what was there: it is equal at once.
  const content = JSON.parse(JSON.stringify([{t: rows(0)}, {}]));
  const history = await (
    await room.request('/store?since=1&limit=1000')
  ).json();
  let ours = 0;
  for (const commit of history) {
    applyAllToContent(content, commit.changes);
    if (commit.changes[0][0].t?.r0) {
      ours++;
      expect(canonicalize(content)).toBe(canonicalize([{t: rows(1)}, {}]));
      expect(commit.offset).toBeLessThanOrEqual(Number(offset));
    }
  }
  expect(ours).toBe(1);
}, 60_000);

test('what is too long for a room goes in parts', async () => {
  // That party takes 500,000 in a PATCH, and 1,000,000 in a PUT.
  const content = [
    Object.fromEntries(
      ['a', 'b', 'c'].map((id) => [
        id,
        Object.fromEntries(
          Array.from({length: 8}, (_, i) => [`r${i}`, {c: id.repeat(100_000)}]),
        ),
      ]),
    ),
    {v: 1},
  ];
  const input = JSON.stringify(content);
  const [full, empty] = [
    createRoom({party: 'limited'}),
    createRoom({party: 'limited'}),
  ];
  await full.putContent(BEFORE);
  for (const [room, args] of [
    [full, ['--replace']],
    [empty, []],
  ] as const) {
    const {code, stderr} = await run([...args, '-r', room.url], {input});
    expect(code, stderr).toBe(0);
    expect(await getOffset(room)).toBeGreaterThan(4);
    expect(canonicalize(await room.getContent())).toBe(canonicalize(content));
  }
  const tooLong = await run(['--replace', '-r', full.url], {
    input: JSON.stringify([{}, {v: 'x'.repeat(600_000)}]),
  });
  expect(tooLong.code).toBe(1);
  expect(tooLong.stderr).toContain('raise limits.maxPushLength');
}, 60_000);

test('what hooks refuse is said', async () => {
  const content = {input: JSON.stringify([{t: {r: {refused: 1, c: 1}}}, {}])};
  const [fresh, full] = [
    createRoom({party: 'oursruled'}),
    createRoom({party: 'oursruled'}),
  ];
  const created = await run(['-r', fresh.url], content);
  expect(created).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('its hooks or its schema have refused'),
  });
  expect(await fresh.getContent()).toEqual([{t: {r: {c: 1}}}, {}]);
  await full.putContent([{}, {a: 1}]);
  for (const message of ['have refused some', 'let none of the changes']) {
    const replaced = await run(['--replace', '-r', full.url], content);
    expect(replaced).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(message),
    });
  }
});

/** A server that answers as it is told; it ends with the test. */
const serve = async (listener: RequestListener): Promise<string> => {
  const server: Server = createServer((request, response) => {
    request.resume();
    request.on('end', () => listener(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const {port} = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/parties/main/room`;
};

describe('a room that', () => {
  const input = JSON.stringify([{}, {a: 1}]);

  test('takes no PATCH is told apart', async () => {
    const url = await serve(({method}, response) => {
      response.writeHead(method == 'PATCH' ? 405 : 200, {ETag: '"e.1"'});
      response.end(method == 'GET' ? '[{},{"b":1}]' : '');
    });
    const {code, stderr} = await run(['--replace', '-r', url], {input});
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: expect.stringContaining('takes no PATCH: say allowPatch: true'),
    });
  });

  test('is never where it was is given up at some time', async () => {
    let patches = 0;
    const url = await serve(({method}, response) => {
      patches += method == 'PATCH' ? 1 : 0;
      response.writeHead(method == 'PATCH' ? 412 : 200, {ETag: '"e.1"'});
      response.end(method == 'GET' ? '[{},{"b":1}]' : '');
    });
    const {code, stderr} = await run(['--replace', '-r', url], {input});
    expect({code, patches, stderr}).toEqual({
      code: 1,
      patches: 30,
      stderr: expect.stringContaining('is written to all the time'),
    });
  }, 60_000);

  test('loses an answer is asked whether it has it', async () => {
    let [gets, content] = [0, '[{},{"b":1}]'];
    const url = await serve(({method}, response) => {
      if (method == 'PATCH') {
        content = input;
        response.destroy();
        return;
      }
      gets += method == 'GET' ? 1 : 0;
      // In trouble now and then.
      response.writeHead(gets == 2 ? 503 : 200, {ETag: '"e.1"'});
      response.end(method == 'GET' ? content : '');
    });
    const {code, stderr} = await run(['--replace', '-r', url], {input});
    expect({code, stderr}).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('is equal to the file'),
    });
    expect(gets).toBe(3);
  });

  test('says what it does not is not believed', async () => {
    let offset = 1;
    const url = await serve(({method}, response) => {
      offset += method == 'PATCH' ? 1 : 0;
      response.writeHead(200, {ETag: `"e.${offset}"`});
      response.end(
        method == 'GET' ? '[{},{"b":1}]' : method == 'PATCH' ? '{}' : '',
      );
    });
    const {code, stderr} = await run(['--replace', '-r', url], {input});
    expect({code, stderr}).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has not kept what it has taken'),
    });
  });

  test('does not answer is not waited for when the user wants an end', async () => {
    let isAsked = false;
    const url = await serve(() => {
      isAsked = true;
    });
    const command = start(['-r', url], {input});
    await until(() => isAsked, {timeoutMs: 10_000});
    command.child.kill('SIGINT');
    expect((await command.ended).code).toBe(130);
    expect(command.printed.stderr).toBe('Interrupted.\n');
  });
});
