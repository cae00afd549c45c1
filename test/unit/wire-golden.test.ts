/**
 * Every frame and stored key of this version of the protocol, as real sessions
 * and a real room say and store them. Where this test fails, rooms and clients
 * that are deployed would not understand each other: raise PROTOCOL_VERSION,
 * and the next run writes a fixture for it.
 */
import {existsSync, readFileSync} from 'node:fs';
import {beforeAll, describe, expect, test} from 'vitest';
import {COMPACTION_DELAY_MS} from '../../src/protocol/limits.js';
import {
  COMMIT,
  FRAGMENT,
  HELLO,
  LEGACY_CHANGES,
  PROTOCOL_VERSION,
  PUSH,
  WELCOME,
} from '../../src/protocol/messages.js';
import {createMemoryRoom} from '../support/memory-room.js';
import {createMemoryStorage} from '../support/memory-storage.js';
import {
  createRecordedConversation,
  restoreValue,
} from '../support/recorded-conversation.js';

const FIXTURE = new URL(
  `../fixtures/wire-v${PROTOCOL_VERSION}.json`,
  import.meta.url,
).pathname;

type Stored = {[key: string]: unknown};

/** What has changed in storage; null for what is gone. */
const compare = (before: Stored, after: Stored): Stored => {
  const changed = Object.entries({...before, ...after}).flatMap(
    ([key, value]) =>
      !(key in after)
        ? [[key, null]]
        : JSON.stringify(before[key]) == JSON.stringify(value)
          ? []
          : [[key, value]],
  );
  return Object.fromEntries(changed);
};

/** JSON of ASCII alone, for what is invisible in it to be seen. */
const stringify = (thing: unknown): string =>
  JSON.stringify(thing, null, 2).replaceAll(
    /[^\n -~]/g,
    (char) => '\\u' + char.charCodeAt(0).toString(16).padStart(4, '0'),
  ) + '\n';

const converse = async () => {
  const conversation = createRecordedConversation({
    hooks: {canSetValue: (valueId) => valueId != 'refused'},
    limits: {maxCatchUpBytes: 100_000},
  });
  const {room, record, flush, createClient, getStored} = conversation;
  const say = (what: string): void => void record.push(`--- ${what}`);

  say('a makes the Store');
  const a = createClient('a');
  await a.start([{t: {r: {a: 1, b: 'text'}, s: {a: null}}}, {v: [1, {x: 2}]}]);

  say('a writes alone, b joins');
  a.store.setRow('t', 'u', {o: {k: []}, f: 0.5, y: true});
  await flush();
  const b = createClient('b');
  await b.start();

  say('both write at once');
  a.store.setValue('v', 'a').delCell('t', 'r', 'a');
  b.store.setValue('v', 'b').delTable('x').delValue('none');
  await flush();

  say('a Row is deleted and set again');
  a.store.delRow('t', 'u').setCell('t', 'u', 'n', 1);
  await flush();

  say('the room refuses');
  a.store.setValue('refused', 1);
  await flush();
  b.store.transaction(() =>
    b.store.setValue('refused', 2).setValue('fine', '__proto__'),
  );
  await flush();

  say('b misses something, and has something');
  b.disconnect();
  a.store.setCell('__proto__', 'constructor', '', 1).delRow('t', 's');
  await flush();
  b.store.setCell('t', 'offline', 'c', 1);
  b.reconnect();
  await flush();

  say('the room sleeps, and forgets what was attached');
  delete [...room.edge.getConnections()][0]!.greeting;
  room.wake();
  a.store.setValue('v', 'awake');
  await flush();

  say('one of TinyBase joins in');
  const legacy = conversation.createLegacyClient('legacy');
  await legacy.say('s[{"t":{"l":{"c":"\uFFFD[1]"}}},{"v":"\uFFFC"},1]');
  await legacy.say('s[{},{"refused":3},1]');
  b.store.setCell('t', 'l', 'd', 2);
  await flush();

  const before = {content: await room.getContent(), stored: getStored()};

  say('b goes, and a makes a large push');
  b.disconnect();
  a.store.setValue('large', '\u20AC'.repeat(300_000));
  await flush();
  room.advance(COMPACTION_DELAY_MS);
  await flush();
  const large = getStored();

  say('a snapshot; b comes from before the log');
  a.store.setValue('large', 'x'.repeat(310_000));
  await flush();
  room.advance(COMPACTION_DELAY_MS);
  await flush();
  const after = getStored();
  b.reconnect();
  await flush();

  expect(a.store.getJson() == b.store.getJson()).toBe(true);
  expect([a.session.getState(), b.session.getState()]).toEqual([
    'synced',
    'synced',
  ]);
  return {
    version: PROTOCOL_VERSION,
    record,
    before,
    large: compare(before.stored, large),
    after: compare(large, after),
  };
};

describe(`version ${PROTOCOL_VERSION} of the protocol`, () => {
  let conversation: Awaited<ReturnType<typeof converse>>;
  beforeAll(async () => {
    conversation = await converse();
  });

  test('is what it was', async () => {
    await expect(stringify(conversation)).toMatchFileSnapshot(FIXTURE);
  });

  test('is recorded with each of its frames', () => {
    const {record} = conversation;
    [HELLO, PUSH, FRAGMENT, LEGACY_CHANGES].forEach((letter) =>
      expect(record.join('\n')).toMatch(new RegExp(`^\\w+ > ${letter}`, 'm')),
    );
    [WELCOME, COMMIT, LEGACY_CHANGES].forEach((letter) =>
      expect(record.join('\n')).toMatch(new RegExp(`^\\w+ < ${letter}`, 'm')),
    );
    [
      /< w\[1,""\]/,
      /< w\[.*,null,"\w+"\]/,
      /< w\[.*,\[\[.*,1\]\],"\w+"\]/,
      /< c\[\d+,0,\{/,
      /< c\[\d+,\[\[.*\]\]\]$/,
      /< c\[.*\],\{"[^"]+":\[\d+\],"[^"]+":\[\d+\]\}/,
      /< c\[.*\],\{"[^"]+":\[\d+,\d+\]/,
      / PUT .* > 201/,
    ].forEach((frame) =>
      expect(record).toContainEqual(expect.stringMatching(frame)),
    );
  });

  test.skipIf(!existsSync(FIXTURE))(
    'S4: stores a room such that it opens again',
    async () => {
      const {before} = JSON.parse(readFileSync(FIXTURE, 'utf8'));
      const storage = createMemoryStorage(
        Object.entries(before.stored).map(([key, value]) => [
          key,
          restoreValue(value),
        ]),
      );
      const room = createMemoryRoom({storage});
      expect(await room.getContent()).toEqual(before.content);
      const welcome = await room.connect().greet({clientId: 'a1'});
      expect(welcome[4][0]).toBeGreaterThan(1);
    },
  );
});
