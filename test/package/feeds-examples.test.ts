/** What docs/feeds.md shows is run, and does what it says. */
import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import {findDocsBlock, readDocsBlocks} from '../support/docs-blocks.js';
import {openFeed} from '../support/event-stream.js';
import {startClient, getPendingCount} from '../support/halves.js';
import {findProblems} from '../support/json-schema.js';
import {type PartyKitDev, startPartyKitDev} from '../support/partykit-dev.js';
import {REPOSITORY} from '../support/run.js';
import {runShell, runTypeScript} from '../support/run-example.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';

const SHOWN_URL = 'http://localhost:1999/parties/main/my-room/store';

let dev: PartyKitDev;

beforeAll(async () => {
  dev = await startPartyKitDev({main: 'test/rooms/history-room.ts'});
});

afterAll(async () => {
  await dev?.stop();
});

let lastRoom = 0;

const startRoom = async () => {
  const room = createTestRoom(dev, 'ours', {
    party: 'main',
    name: `room-${++lastRoom}`,
  });
  await room.putContent([{pets: {fido: {sold: false}}}, {}]);
  const writer = await startClient('ours', room);
  return {
    room,
    sell: async (): Promise<void> => {
      writer.store.setCell('pets', 'fido', 'sold', true);
      await until(() => !getPendingCount(writer));
    },
  };
};

/** An example, with this room in place of that shown. */
const place = (code: string, {url}: TestRoom): string => {
  expect(code).toContain(SHOWN_URL);
  return code.replaceAll(SHOWN_URL, `${url}/store`);
};

/** What differs from room to room and from time to time, as the docs show it. */
const normalise = (text: string): string =>
  text
    .replaceAll('\r', '')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '0123456789abcdef0123456789abcdef')
    .replaceAll(/"time":\d+/g, '"time":1767323045678');

test('V3: the example for Node prints the content and what changes', async () => {
  const {room, sell} = await startRoom();
  const watch = await runTypeScript(
    place(findDocsBlock('feeds.md', '// watch.ts'), room),
  );
  await until(() => watch.output.includes('content '), {timeoutMs: 10_000});
  await sell();
  await until(() => watch.output.includes('commit '));
  expect(watch.output).toMatch(
    /^content \w+\.1 \{.*\}\ncommit \w+\.2 \{.*"changes":\[\[\{"pets":\{"fido":\{"sold":true\}\}\},\{\},1\]\]\}\n$/,
  );
});

test.skipIf(!existsSync('/usr/bin/curl'))(
  'V1, V3: the example for a shell prints what it shows',
  async () => {
    const {room, sell} = await startRoom();
    const blocks = readDocsBlocks('feeds.md');
    const at = blocks.findIndex(({code}) => code.includes('--no-buffer'));
    const shell = runShell(`exec ${place(blocks[at]!.code, room)}`);
    await until(() => shell.output.includes('event: content'));
    await sell();
    const shown = `${blocks[at + 1]!.code}\n`;
    await until(() => normalise(shell.output).includes(shown), {
      message: () => `${normalise(shell.output)} is\n${shown}`,
    });
  },
);

test('V10, V11: the example of history prints each commit', async () => {
  const {room, sell} = await startRoom();
  await sell();
  const code = place(findDocsBlock('feeds.md', '// history.ts'), room);
  const all = await runTypeScript(code);
  await until(() => all.hasEnded, {timeoutMs: 10_000});
  expect(all.output).toMatch(
    /^2 \d{4}-\d\d-\d\dT\S+Z \[\[\{"pets":\{"fido":\{"sold":true\}\}\},\{\},1\]\]\n$/,
  );
  const gone = await runTypeScript(code.replace('since=1', 'since=0'));
  await until(() => gone.hasEnded, {timeoutMs: 10_000});
  expect(gone.errors).toContain('The log does not reach back to there');
});

test.skipIf(!existsSync('/usr/bin/curl'))(
  'V11, V13: the examples of history for a shell print lines and content',
  async () => {
    const {room, sell} = await startRoom();
    await sell();
    const code = findDocsBlock('feeds.md', 'application/x-ndjson');
    const shell = runShell(place(code, room));
    await until(() => shell.hasEnded);
    const lines = shell.output.split('\n');
    const commit = lines.find((line) => line.startsWith('{"epoch"'));
    expect(JSON.parse(commit!)).toMatchObject({after: 1, offset: 2});
    expect(lines.at(-1)).toBe('[{"pets":{"fido":{"sold":true}}},{}]');
  },
);

test('V10: the room of docs/feeds.md is the one that is tested', async () => {
  const room = await readFile(
    join(REPOSITORY, 'test/rooms/history-room.ts'),
    'utf8',
  );
  expect(findDocsBlock('feeds.md', 'isOfPast')).toBe(
    room.replace("'../../src/server/index.js'", "'tinybase-partykit/server'"),
  );
});

test('V2, V3, V5: the schema is that of the events', async () => {
  const schema = JSON.parse(findDocsBlock('feeds.md', '$schema'));
  const room = createTestRoom(dev, 'ours', {party: 'main', name: 'schema'});
  await room.putContent([
    {pets: {fido: {tags: '\uFFFD["good"]', age: 1, home: null}}},
    {},
  ] as any);
  const {store} = await startClient('ours', room);
  const stream = await openFeed(`${room.url}/store`);
  onTestFinished(() => stream.leave());
  await until(() => stream.events.length == 1);
  store.transaction(() => {
    store.delTable('pets');
    store.setCell('pets', 'felix', 'sold', false);
    store.setCell('species', 'cat', 'legs', 4);
    store.setValue('open', true);
  });
  await until(() => stream.events.length == 2);
  store.transaction(() => {
    store.delRow('pets', 'felix');
    store.delCell('species', 'cat', 'legs');
    store.delValue('open');
  });
  await until(() => stream.events.length == 3);
  const reloaded = await openFeed(`${room.url}/store`, {'Last-Event-ID': 'x'});
  onTestFinished(() => reloaded.leave());
  await until(() => reloaded.events.length);
  const events = [...stream.events, ...reloaded.events];
  expect(events.map(({name}) => name)).toEqual([
    ...['content', 'commit', 'commit', 'reload'],
  ]);
  for (const {name, data} of events) {
    expect(findProblems(schema, {[name]: data})).toEqual([]);
  }
  const [content, commit] = events as any;
  const authored = {commit: {...commit.data, author: 'ann'}};
  expect(findProblems(schema, authored)).toEqual([]);
  // It would find what is wrong.
  for (const wrong of [
    {commit: content.data},
    {message: content.data},
    {content: {...content.data, offset: -1}},
    {content: {...content.data, content: [{}]}},
    {content: {...content.data, content: [{pets: {fido: 1}}, {}]}},
    {commit: {...commit.data, changes: [[{}, {}]]}},
    {commit: {...commit.data, changes: [[{pets: 'gone'}, {}, 1]]}},
    {commit: {...commit.data, epoch: '"'}},
    {commit: {...commit.data, author: 1}},
  ]) {
    expect(findProblems(schema, wrong)).not.toEqual([]);
  }
});
