/** A back end that writes by PATCH on a real server, as docs/back-ends.md has it. */
import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest';
import type {ChangesError} from 'tinybase-partykit/client';
import {expectSoon} from '../support/expect-soon.js';
import {expectSame, startClient} from '../support/halves.js';
import {increment} from '../support/increment.js';
import {startRoomServer, type RoomServer} from '../support/room-server.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';

const GUIDE = fileURLToPath(
  new URL('../../docs/back-ends.md', import.meta.url),
);
const KEY = 'secret';
const INCREMENTS = 25;

let server: RoomServer;
let room: TestRoom;

beforeAll(async () => {
  server = await startRoomServer({
    main: 'test/rooms/patched.ts',
    vars: {BACK_END_KEY: KEY},
  });
});

beforeEach(() => {
  room = createTestRoom(server, 'ours', {party: 'main'});
});

afterAll(() => server?.stop());

const patch = (
  changes: unknown,
  headers: Record<string, string> = {Authorization: `Bearer ${KEY}`},
): Promise<Response> =>
  room.request('/store', {
    method: 'PATCH',
    headers,
    body: JSON.stringify(changes),
  });

test('B1, B2: is told to clients of both halves, and theirs are ordered with it', async () => {
  const ours = await startClient('ours', room);
  ours.store.setRow('pets', 'fido', {species: 'dog'});
  await expectSame(room, [ours]);
  const theirs = await startClient('tinybase', room);
  const response = await patch([
    {prices: {fido: {euros: 5}}, pets: {fido: {tags: ['good']}}},
    {},
    1,
  ]);
  expect(await response.json()).toEqual({
    epoch: expect.stringMatching(/^\w+$/),
    offset: expect.any(Number),
  });
  await expectSoon(() =>
    expect(theirs.store.getTables()).toEqual({
      pets: {fido: {species: 'dog', tags: ['good']}},
      prices: {fido: {euros: 5}},
    }),
  );
  await expectSame(room, [ours, theirs]);
});

test('B1, B3: asks the hooks with the request, of a real server, too', async () => {
  await room.putContent([{}, {start: 0}]);
  const client = await startClient('ours', room);
  expect((await patch([{prices: {fido: {euros: 5}}}, {}, 1])).status).toBe(200);
  await expectSoon(() =>
    expect(client.store.getCell('prices', 'fido', 'euros')).toBe(5),
  );
  client.store.setCell('prices', 'fido', 'euros', 1);
  client.store.delTable('prices');
  await expectSoon(() =>
    expect(
      client.errors.flatMap((error) => (error as ChangesError).changes),
    ).toHaveLength(2),
  );
  expect(await expectSame(room, [client])).toEqual([
    {prices: {fido: {euros: 5}}},
    {start: 0},
  ]);
  expect((await patch([{prices: '\uFFFC'}, {}, 1])).status).toBe(200);
  expect(await expectSame(room, [client])).toEqual([{}, {start: 0}]);
});

test('B4, B5: is let in, and answered, as the rules say', async () => {
  await room.putContent([{}, {start: 0}]);
  const stored = await room.getContent();
  const Authorization = `Bearer ${KEY}`;
  expect((await patch([{}, {v: 1}, 1], {})).status).toBe(401);
  expect((await patch([{}, {v: 1}])).status).toBe(400);
  const unmet = await patch([{}, {v: 1}, 1], {
    Authorization,
    'If-Match': '"elsewhere.1"',
  });
  expect([unmet.status, unmet.headers.get('Content-Type')]).toEqual([
    412,
    'application/problem+json',
  ]);
  expect(await room.getContent()).toEqual(stored);
  const met = await patch([{}, {v: 1}, 1], {
    Authorization,
    'If-Match': unmet.headers.get('ETag')!,
  });
  expect(met.status).toBe(200);
  const current = await room.request('/store');
  expect(current.headers.get('ETag')).toBe(met.headers.get('ETag'));
});

test('B4: counts right, whoever else does, while clients look on', async () => {
  const client = await startClient('ours', room);
  const seen: unknown[] = [];
  client.store.addValueListener('visitors', (...[, , value]) => {
    seen.push(value);
  });
  const counts = await Promise.all(
    Array.from({length: INCREMENTS}, () =>
      increment(`${room.url}/store`, 'visitors', KEY),
    ),
  );
  const all = Array.from({length: INCREMENTS}, (_, index) => index + 1);
  expect(counts.sort((a, b) => a - b)).toEqual(all);
  await expectSoon(() => expect(seen).toEqual(all));
  expect(await expectSame(room, [client])).toEqual([
    {},
    {visitors: INCREMENTS},
  ]);
});

test('B2, B3: answers the commands of the guide as it says', async () => {
  const guide = await readFile(GUIDE, 'utf8');
  const find = (language: string): string[] =>
    [
      ...guide.matchAll(new RegExp(`^\`{3}${language}\\n(.*?)^\`{3}`, 'gms')),
    ].map(([, example]) => example!);
  const [commands, answers] = [find('sh'), find('json')];
  expect([commands.length, answers.length]).toEqual([2, 2]);
  for (const [index, command] of commands.entries()) {
    const {stdout} = await promisify(execFile)('sh', [
      '-c',
      command.replace('http://localhost:1999/parties/main/my-room', room.url),
    ]);
    expect(JSON.parse(stdout)).toEqual({
      ...JSON.parse(answers[index]!),
      epoch: expect.stringMatching(/^\w+$/),
    });
  }
  expect(await room.getContent()).toEqual([
    {prices: {fido: {euros: 99}, felix: {euros: 50}}},
    {},
  ]);
});
