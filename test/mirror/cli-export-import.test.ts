/** `export` and `import`, as processes, with a real server. */
import {readdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, test} from 'vitest';
import {canonicalize} from '../support/content.js';
import {createFolder} from '../support/temporary-folder.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import type {TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {setUpCommandWithRooms} from '../support/set-up-command.js';

const {createRoom, getDev, run, start} = setUpCommandWithRooms();

const getText = async (room: TestRoom): Promise<string> =>
  canonicalize(await room.getContent());

const LONG_ID = 'x'.repeat(10_000);

/** As JSON, for `__proto__` to be an id. */
const HOSTILE = `[{
  "__proto__": {"__proto__": {"__proto__": {"__proto__": [1, {"": null}]}}},
  "": {"": {"": ""}},
  "constructor": {"a\\u0000b": {"quotes\\"'\`": true, "A": 1, "a": 2, "a ": 3}},
  "${LONG_ID}": {"${LONG_ID}": {"lone\\ud800": "\\udc00", "n": -1.5e-300}},
  "objects": {"r": {"o": {"b": 1, "a": [[], {}], "2": 0, "1": 0}, "l": [null]}}
}, {"__proto__": null, "": false, "toString": {"valueOf": []}, "😀": "\\u2028"}]`;

describe('export and import', () => {
  test('make another room equal, whatever is in it', async () => {
    const folder = await createFolder();
    const [one, other, third] = [createRoom(), createRoom(), createRoom()];
    await one.request('/store', {method: 'PUT', body: HOSTILE});
    const file = join(folder, 'room.json');
    const exported = await run(['export', '-r', one.url, '-o', file]);
    expect(exported).toMatchObject({code: 0, stdout: ''});
    expect(exported.stderr).toMatch(
      /^Exported http:\S+ at \w+\.1: 5 Tables, 5 Rows, 10 Cells, 4 Values\.\n$/,
    );
    const imported = await run(['import', '-r', other.url, '-i', file]);
    expect(imported).toMatchObject({code: 0, stdout: ''});
    expect(imported.stderr).toMatch(
      /store is equal to the file, at \w+\.1: 5 Tables/,
    );
    // To the letter: the encoded objects, too.
    const [text, otherText] = await Promise.all(
      [one, other].map(async (room) => (await room.request('/store')).text()),
    );
    expect(otherText).toBe(text);
    expect(text).toContain('\uFFFD');
    // And through pipes, bare and indented.
    const {stdout} = await run(['export', '-r', one.url, '--bare', '--pretty']);
    expect(stdout).toMatch(/^\[\n {2}\{\n/);
    expect(
      await run(['import', '-q', '-r', third.url], {input: stdout}),
    ).toEqual({code: 0, stdout: '', stderr: ''});
    expect(await (await third.request('/store')).text()).toBe(text);
    // What is exported is what a Store is set to.
    expect(canonicalize(JSON.parse(stdout))).toBe(await getText(one));
  });

  test('know where the room is, and who it is', async () => {
    const room = createRoom({
      party: 'ours',
      name: 'private-a',
      query: '?token=secret',
    });
    await room.putContent([{}, {a: 1}]);
    const env = {
      TINYBASE_PARTYKIT_ROOM: `${room.url}?other=hidden`,
      TINYBASE_PARTYKIT_TOKEN: 'secret',
    };
    const refused = await run(['export'], {env});
    expect(refused).toMatchObject({code: 1, stdout: ''});
    expect(refused.stderr).toMatch(/private-a\/store answers 401/);
    const {code, stdout} = await run(['export', '--token-in-query'], {env});
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      format: 'tinybase-partykit-content',
      version: 1,
      room: `${room.url}/store`,
      epoch: expect.stringMatching(/^\w{32}$/),
      offset: 1,
      exportedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      content: [{}, {a: 1}],
    });
    const query = `${room.url}?token=secret`;
    expect((await run(['export', '-r', query])).code).toBe(0);
  });

  test('carry 100,000 Cells, in one PUT and in one PATCH', async () => {
    const [one, other] = [createRoom(), createRoom()];
    const table = Object.fromEntries(
      Array.from({length: 20_000}, (_, i) => [
        `row-${i}`,
        Object.fromEntries(
          Array.from({length: 5}, (_, j) => [`cell-${j}`, i * j]),
        ),
      ]),
    );
    await one.putContent([{table}, {}]);
    const {stdout} = await run(['export', '-r', one.url]);
    expect((await run(['import', '-r', other.url], {input: stdout})).code).toBe(
      0,
    );
    expect(await getText(other)).toBe(await getText(one));
    const third = createRoom();
    await third.putContent([{gone: {a: {b: 1}}}, {}]);
    const replaced = await run(['import', '--replace', '-r', third.url], {
      input: stdout,
    });
    expect(replaced.code).toBe(0);
    // One commit: nobody sees a half of it.
    expect(replaced.stderr).toMatch(/at \w+\.2: 1 Table, 20000 Rows/);
    expect(await getText(third)).toBe(await getText(one));
  }, 60_000);
});

describe('export', () => {
  test('of a room without a Store fails, and touches no file', async () => {
    const folder = await createFolder();
    const file = join(folder, 'room.json');
    await writeFile(file, 'before');
    const {code, stderr} = await run([
      'export',
      '-r',
      createRoom().url,
      '-o',
      file,
    ]);
    expect({code, stderr}).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no Store yet'),
    });
    expect(await readFile(file, 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['room.json']);
  });

  test('of what is no room says so', async () => {
    const {host} = getDev();
    const theirs = createRoom({party: 'tinybase'});
    await theirs.putContent([{t: {r: {c: 1}}}, {}]);
    for (const [url, message] of [
      [`http://${host}/parties/none/a`, /answers 404/],
      [theirs.url, /no content of a Store with an ETag/],
      [`http://${host}/parties/bare/a/other`, /answers 404/],
    ] as const) {
      const {code, stdout, stderr} = await run(['export', '-r', url]);
      expect({code, stdout}).toEqual({code: 1, stdout: ''});
      expect(stderr).toMatch(message);
      expect(stderr.split('\n')).toHaveLength(2);
    }
  });

  test('writes through a symbolic link, and says where it cannot', async () => {
    const folder = await createFolder();
    const room = createRoom();
    await room.putContent([{}, {a: 1}]);
    const [file, link] = [join(folder, 'file'), join(folder, 'link')];
    await symlink(file, link);
    await writeFile(file, '');
    expect((await run(['export', '-r', room.url, '-o', link])).code).toBe(0);
    expect(JSON.parse(await readFile(file, 'utf8')).content[1].a).toBe(1);
    expect((await readdir(folder)).sort()).toEqual(['file', 'link']);
    for (const [path, message] of [
      [folder, 'is a folder'],
      [join(folder, 'none/file'), 'cannot be written: ENOENT'],
    ] as const) {
      const {code, stderr} = await run(['export', '-r', room.url, '-o', path]);
      expect(code).toBe(1);
      expect(stderr).toContain(message);
    }
    expect(
      (await run(['export', '-r', room.url, '-o', '/dev/null'])).code,
    ).toBe(0);
  });

  test.each([
    ['SIGKILL', null],
    ['SIGTERM', 130],
  ] as const)(
    'leaves what was there when %s comes in the midst of it',
    async (signal, code) => {
      const folder = await createFolder();
      const query = '?token=secret';
      const room = createRoom({party: 'history'});
      await room.putContent([{}, {}]);
      for (let i = 0; i < 10; i++) {
        await room.patch([{t: {[i]: {c: 'x'.repeat(300_000)}}}, {}, 1]);
      }
      const proxy = await startTcpProxy(getDev().port);
      proxy.delay(() => 3);
      const file = join(folder, 'room.ndjson');
      await writeFile(file, 'before');
      const command = start([
        ...['export', '--history', '-o', file],
        ...['-r', `http://${proxy.host}/parties/history/${room.name}${query}`],
      ]);
      // Its second page is under way: the first is in a file.
      const getHalf = async () => {
        const names = await readdir(folder);
        const name = names.find((one) => one.endsWith('.part'));
        return name && (await readFile(join(folder, name), 'utf8'));
      };
      await until(getHalf, {timeoutMs: 20_000});
      proxy.stall('down');
      command.child.kill(signal);
      expect((await command.ended).code).toBe(code);
      expect(await readFile(file, 'utf8')).toBe('before');
      if (signal == 'SIGTERM') {
        expect(await readdir(folder)).toEqual(['room.ndjson']);
        expect(command.printed.stderr).toContain('Interrupted.');
      }
    },
    60_000,
  );

  test('--history has every commit, as lines', async () => {
    const folder = await createFolder();
    const room = createRoom();
    await room.putContent([{t: {r: {c: 0}}}, {}]);
    for (let i = 1; i <= 5; i++) {
      await room.patch([{t: {r: {c: i, o: {i}}}}, {}, 1]);
    }
    await room.patch([{t: '\uFFFC'}, {v: null}, 1]);
    const file = join(folder, 'history.ndjson');
    const {code, stderr} = await run([
      ...['export', '--history', '-r', room.url, '-o', file],
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/6 commits, after \w+\.1 up to 7\.\n$/);
    const lines = (await readFile(file, 'utf8')).split('\n');
    expect(lines.pop()).toBe('');
    // To the letter what the room says.
    const response = await room.request('/store?since=1', {
      headers: {Accept: 'application/x-ndjson'},
    });
    const said = (await response.text()).split('\n').filter(Boolean);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      said.map((line) => JSON.parse(line)),
    );
    const imported = await run(['import', '-r', createRoom().url, '-i', file]);
    expect(imported).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('lines of JSON, as a history has'),
    });
  });

  test('--history begins where the log does, and has several pages', async () => {
    // Of that party the log is cut at 20,000 bytes.
    const room = createRoom({party: 'limited'});
    await room.putContent([{t: {r: {c: 0}}}, {}]);
    const count = 150;
    for (let i = 1; i <= count; i++) {
      await room.patch([{t: {r: {c: `${i}`.repeat(1_000)}}}, {}, 1]);
    }
    const isCut = async (): Promise<boolean> =>
      (await room.request('/store?since=1')).status == 410;
    await until(isCut, {timeoutMs: 20_000});
    const {code, stdout, stderr} = await run([
      'export',
      '--history',
      '-r',
      room.url,
    ]);
    expect(code, stderr).toBe(0);
    const commits = stdout
      .split('\n')
      .filter(Boolean)
      .map((l) => JSON.parse(l));
    expect(commits.at(-1).offset).toBe(count + 1);
    for (const [i, {after}] of commits.entries()) {
      expect(after).toBe(commits[i - 1]?.offset ?? after);
    }
    const first = commits[0].after;
    expect(first).toBeGreaterThan(1);
    const before = await room.request(`/store?since=${first - 1}`);
    expect(before.status).toBe(410);
  }, 60_000);
});
