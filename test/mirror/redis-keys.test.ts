/** What others find in Redis: keys, Streams, messages, and what is refused. */
import {Redis} from 'ioredis';
import {afterAll, describe, expect, onTestFinished, test} from 'vitest';
import {ModelRoom} from '../../src/mirror/contract/model-room.js';
import {checkStringBytes} from '../../src/mirror/redis/guarded-write.js';
import {createRedisSink} from '../../src/mirror/redis/index.js';
import type {Sink} from '../../src/mirror/sink.js';
import {
  createRedisKeys,
  getDatabaseUrl,
  isDatabaseMissing,
} from '../support/databases/servers.js';
import {createRandomInteger} from '../support/random-edits.js';
import {until} from '../support/until.js';

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

type Entry = {[field: string]: string};

const createRoom = (id: string): ModelRoom =>
  new ModelRoom(id).commit((store) =>
    store.setContent([
      {pets: {fido: {species: 'dog', tags: ['a']}, felix: {species: 'cat'}}},
      {open: true},
    ]),
  );

const put = async (sink: Sink, room: ModelRoom): Promise<void> => {
  const batch = room.createBatch();
  expect(await sink.write(batch)).toBe(true);
  room.accept(batch);
};

const skipped = await isDatabaseMissing('redis');

describe.skipIf(skipped)('keys of Redis', () => {
  const redis = new Redis(getDatabaseUrl('redis')!, {lazyConnect: true});
  const keys = createRedisKeys();
  let rooms = 0;
  const nextId = (): string => `room${rooms++}`;
  afterAll(async () => {
    redis.disconnect();
    await keys.remove();
  });

  const {prefix} = keys;
  const readStream = async (id: string): Promise<Entry[]> => {
    const entries = await redis.xrange(`${prefix}{${id}}:commits`, '-', '+');
    return entries.map(([, fields]) => {
      const entry: Entry = {};
      for (let at = 0; at < fields.length; at += 2) {
        entry[fields[at]!] = fields[at + 1]!;
      }
      return entry;
    });
  };

  test('as JSON', async () => {
    const room = createRoom(nextId());
    const sink = createRedisSink({redis, prefix});
    await put(sink, room);
    const start = `${prefix}{${room.id}}`;
    expect(JSON.parse((await redis.get(`${start}:content`))!)).toEqual(
      room.content,
    );
    expect(await redis.hgetall(`${start}:position`)).toEqual({
      epoch: room.written!.epoch,
      offset: '1',
      updatedAt: '1767323045679',
      contentAs: 'json',
    });
    expect(await redis.smembers(`${prefix}rooms`)).toContain(room.id);
  });

  test('as hashes', async () => {
    const room = createRoom(nextId());
    const sink = createRedisSink({redis, prefix, contentAs: 'hashes'});
    await put(sink, room);
    const start = `${prefix}{${room.id}}`;
    expect(await redis.hgetall(`${start}:table:pets`)).toEqual({
      fido: '{"species":"dog","tags":["a"]}',
      felix: '{"species":"cat"}',
    });
    expect(await redis.hgetall(`${start}:values`)).toEqual({open: 'true'});
    expect(await redis.smembers(`${start}:tables`)).toEqual(['pets']);
    room.restart((store) => store.setCell('a}b%', '', '\ud800', 1));
    await put(sink, room);
    expect((await redis.keys(`${start}*`)).toSorted()).toEqual([
      `${start}:commits`,
      `${start}:position`,
      `${start}:table:a}b%25`,
      `${start}:tables`,
    ]);
    expect(await redis.hgetall(`${start}:table:a}b%25`)).toEqual({
      '%': String.raw`{"\ud800":1}`,
    });
  });

  test('with another form of content each room is written anew', async () => {
    const room = createRoom(nextId());
    const [json, hashes] = (['json', 'hashes'] as const).map((contentAs) =>
      createRedisSink({redis, prefix, contentAs, stream: false}),
    ) as [Sink, Sink];
    for (const [from, to] of [
      [json, hashes],
      [hashes, json],
    ] as const) {
      const current = new ModelRoom(room.id).commit((store) =>
        store.setContent([{t: {r: {c: 1}}}, {}]),
      );
      const batch = current.createBatch();
      await redis.del(`${prefix}{${room.id}}:position`);
      await put(from, current);
      expect(await to.read(room.id)).toBe(undefined);
      expect(await to.listRooms()).not.toContain(room.id);
      expect(await to.write(batch)).toBe(true);
      expect(await from.read(room.id)).toBe(undefined);
      expect((await to.read(room.id))?.content).toEqual(current.content);
    }
    expect(await redis.keys(`${prefix}{${room.id}}*`)).toHaveLength(2);
  });

  test('a Stream of commits', async () => {
    const room = createRoom(nextId());
    const sink = createRedisSink({redis, prefix});
    await put(sink, room);
    room
      .commit(
        (store) => store.delCell('pets', 'fido', 'species'),
        (store) => store.setCell('pets', 'fido', 'tags', {a: null}),
      )
      .commitNet((store) => store.delTables());
    await put(sink, room);
    const {epoch} = room.written!;
    expect(await readStream(room.id)).toEqual([
      {epoch, offset: '1', time: '1767323045679', replaced: '1'},
      {
        ...{epoch, after: '1', offset: '2', time: '1767323045679'},
        author: 'somebody',
        changes: '[[{"pets":{"fido":{"species":"\uFFFC"}}},{},1]]',
      },
      {
        ...{epoch, after: '2', offset: '3', time: '1767323045680'},
        author: 'somebody',
        changes: String.raw`[[{"pets":{"fido":{"tags":"${'\uFFFD'}{\"a\":null}"}}},{},1]]`,
      },
      {
        ...{epoch, after: '3', offset: '6'},
        changes: '[[{"pets":"\uFFFC"},{},1]]',
      },
    ]);
  });

  test('the Stream is trimmed to about what it says', async () => {
    const room = createRoom(nextId());
    const sink = createRedisSink({redis, prefix, stream: {maxLength: 200}});
    await put(sink, room);
    for (let batch = 0; batch < 10; batch++) {
      room.commit(
        ...Array.from({length: 100}, (_, at) => (store: any) => {
          store.setValue('at', batch * 100 + at);
        }),
      );
      await put(sink, room);
    }
    const entries = await readStream(room.id);
    expect(entries.length).toBeGreaterThanOrEqual(200);
    expect(entries.length).toBeLessThan(500);
    expect(entries.at(-1)!.offset).toBe('1001');
  });

  test('what Redis has lost is written anew, and the Stream says so', async () => {
    const room = createRoom(nextId());
    const sink = createRedisSink({redis, prefix});
    await put(sink, room);
    room.commit((store) => store.setValue('open', false));
    await put(sink, room);
    const {epoch} = room.written!;
    for (const lost of ['position', 'content']) {
      await redis.del(`${prefix}{${room.id}}:${lost}`);
      expect(await sink.read(room.id)).toBe(undefined);
      const batch = room.createBatch();
      expect(await sink.write(batch)).toBe(false);
      expect(
        await sink.write({...batch, after: undefined, commits: undefined}),
      ).toBe(true);
      const state = await sink.read(room.id);
      expect(state).toEqual({epoch, offset: 2, content: room.content});
    }
    expect((await readStream(room.id)).map(({offset}) => offset)).toEqual([
      '1',
      '2',
      '2',
      '2',
    ]);
    expect((await readStream(room.id)).at(-1)).toHaveProperty('replaced', '1');
  });

  test('a message for each batch', async () => {
    const room = createRoom(nextId());
    const sink = createRedisSink({redis, prefix});
    const subscriber = new Redis(keys.url);
    onTestFinished(() => subscriber.disconnect());
    const messages: [string, any][] = [];
    subscriber.on('message', (channel, message) =>
      messages.push([channel, JSON.parse(message)]),
    );
    const channel = `${prefix}{${room.id}}:written`;
    await subscriber.subscribe(channel);
    const batch = room.createBatch();
    await put(sink, room);
    expect(await sink.write(batch)).toBe(false);
    room.commit((store) => store.delValue('open'));
    await put(sink, room);
    room.commit((store) => store.setValue('long', 'x'.repeat(1e6)));
    await put(sink, room);
    await until(() => messages.length == 3);
    const {epoch} = room.written!;
    const common = {room: room.id, epoch};
    const changes = [[{}, {open: '\uFFFC'}, 1]];
    const time = 1_767_323_045_679;
    expect(messages).toEqual([
      [channel, {...common, offset: 1, time}],
      [
        channel,
        {
          ...common,
          ...{offset: 2, time: time + 1, after: 1},
          commits: [
            {epoch, after: 1, offset: 2, time, author: 'somebody', changes},
          ],
        },
      ],
      [channel, {...common, offset: 3, time: time + 2, after: 2}],
    ]);
  });

  test('without Stream and messages there are none', async () => {
    const room = createRoom(nextId());
    const sink = createRedisSink({
      ...{redis, prefix},
      ...{stream: false, publish: false},
    });
    expect(sink.wantsEachCommit).toBe(false);
    await put(sink, room);
    expect(await readStream(room.id)).toEqual([]);
  });

  test('a key of another type: an error, and nothing is written', async () => {
    const sink = createRedisSink({redis, prefix, contentAs: 'hashes'});
    for (const name of [
      'position',
      'content',
      'values',
      'tables',
      'table:pets',
      'commits',
    ]) {
      for (const isKnown of [false, true]) {
        const room = createRoom(nextId());
        const start = `${prefix}{${room.id}}`;
        if (isKnown) {
          await put(sink, room);
          room.commit(
            (store) => store.setValue('new', 1),
            (store) => store.setCell('pets', 'fido', 'new', 1),
          );
          if (name == 'content') {
            room.forgetCommits();
          }
        }
        const key = `${start}:${name}`;
        const kept = await redis.type(key);
        if (isKnown && kept != 'none') {
          await redis.rename(key, `${start}:aside`);
        }
        await redis.lpush(key, 'of the app');
        const describe = async (): Promise<string[]> =>
          await Promise.all(
            (await redis.keys(`${start}*`))
              .toSorted()
              .map(async (one) => `${one} ${(await redis.dump(one)) ?? ''}`),
          );
        const before = await describe();
        await expect(sink.write(room.createBatch())).rejects.toThrow(
          /WRONGTYPE/,
        );
        expect(await describe()).toEqual(before);
        await redis.del(key);
        if (isKnown && kept != 'none') {
          await redis.rename(`${start}:aside`, key);
        }
        await put(sink, room);
        expect((await sink.read(room.id))?.content).toEqual(room.content);
      }
    }
  });

  test(`no commit is missed or doubled where connections die (SEED=${SEED})`, async () => {
    const random = createRandomInteger(SEED);
    const room = createRoom(nextId());
    const connectionName = `tinybase-${SEED}`;
    const dying = new Redis(keys.url, {
      connectionName,
      retryStrategy: () => 1,
      maxRetriesPerRequest: 3,
    });
    dying.on('error', () => {});
    onTestFinished(() => dying.disconnect());
    const sink = createRedisSink({redis: dying, prefix, contentAs: 'hashes'});
    const counts = {kills: 0, doubts: 0};
    const isOver = {it: false};
    const kill = async (): Promise<void> => {
      while (!isOver.it) {
        const list = String(await redis.client('LIST'));
        for (const line of list.split('\n')) {
          const [, id] = /^id=(\d+) /.exec(line) ?? [];
          if (id && line.includes(` name=${connectionName} `)) {
            counts.kills += Number(
              await redis.client('KILL', 'ID', id).catch(() => 0),
            );
          }
        }
        await new Promise((resolve) => setTimeout(resolve, random(6)));
      }
    };
    const killing = kill();
    let commits = 0;
    // On a busy machine connections die less often, and not in the midst.
    const isEnough = () => counts.kills > 5 && counts.doubts > 0;
    for (let batches = 0; batches < 150 || !isEnough(); batches++) {
      if (batches) {
        room.commit(
          ...Array.from({length: 1 + random(3)}, () => (store: any) => {
            store.setValue('commits', ++commits);
            store.setCell('t', `r${random(3)}`, 'c', commits);
          }),
        );
      }
      const batch = room.createBatch();
      for (let isWritten = false; !isWritten;) {
        try {
          isWritten = await sink.write(batch);
          if (!isWritten) {
            counts.doubts++;
            const state = await sink.read(room.id);
            isWritten = state?.offset == batch.position.offset;
          }
        } catch {
          counts.doubts++;
        }
      }
      room.accept(batch);
    }
    isOver.it = true;
    await killing;
    const state = await createRedisSink({
      ...{redis, prefix},
      contentAs: 'hashes',
    }).read(room.id);
    expect(state).toEqual({...room.written, content: room.content});
    const entries = await readStream(room.id);
    expect(entries.length).toBe(commits + 1);
    entries.slice(1).forEach((entry, index) => {
      expect(entry.after).toBe(entries[index]!.offset);
    });
    expect(counts.kills).toBeGreaterThan(5);
    expect(counts.doubts).toBeGreaterThan(0);
  });

  test('the keys have the keyPrefix of the connection as well', async () => {
    const room = createRoom(nextId());
    const prefixed = new Redis(keys.url, {keyPrefix: prefix});
    onTestFinished(() => prefixed.disconnect());
    const sink = createRedisSink({redis: prefixed, prefix: 'mine:'});
    await put(sink, room);
    expect((await sink.read(room.id))?.content).toEqual(room.content);
    expect(await sink.listRooms()).toEqual([room.id]);
    expect((await redis.keys(`${prefix}mine:*`)).toSorted()).toEqual(
      [
        ...['commits', 'content', 'position'].map(
          (name) => `${prefix}mine:rooms`.slice(0, -5) + `{${room.id}}:${name}`,
        ),
        `${prefix}mine:rooms`,
      ].toSorted(),
    );
  });
});

describe('options of the Redis sink', () => {
  const redis = new Redis({lazyConnect: true});
  test.each([
    [{redis: undefined}, /instance of `Redis`/],
    [{redis, prefix: 1}, /`prefix`/],
    [{redis, contentAs: 'text'}, /'json' or 'hashes'/],
    [{redis, stream: {maxLength: 0}}, /`maxLength`/],
  ])('%#', (options: any, message) => {
    expect(() => createRedisSink(options)).toThrow(message);
  });

  test('a string that Redis would not take is an error that helps', () => {
    checkStringBytes(512 * 1024 * 1024, 'key');
    expect(() => checkStringBytes(512 * 1024 * 1024 + 1, 'the key')).toThrow(
      /536870912 bytes .* the key .* `contentAs: 'hashes'`/,
    );
  });
});
