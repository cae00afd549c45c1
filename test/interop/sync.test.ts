/** What everyone may rely on, whoever's halves meet. */
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  expectSame,
  startClient,
  untilOpen,
  type TestClient,
} from '../support/halves.js';
import {
  INTEROP_PAIRS,
  PURE_PAIRS,
  type InteropPair,
} from '../support/interop-pairs.js';
import type {RoomServer} from '../support/room-server.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const expectNoErrors = (...clients: TestClient[]): void =>
  expect(clients.flatMap(({errors}) => errors)).toEqual([]);

const describePair = (pair: InteropPair) =>
  describe(pair.title, () => {
    const startPair = async () => {
      const room = createTestRoom(server, pair.room);
      const a = await startClient(pair.a, room);
      const b = await startClient(pair.b, room);
      return {room, a, b};
    };

    test('initial content, then changes both ways', async () => {
      const room = createTestRoom(server, pair.room);
      const a = createClient(pair.a, room);
      const b = createClient(pair.b, room);
      await Promise.all([a, b].map(untilOpen));
      const seed = {pets: {fido: {species: 'dog'}}};
      await a.persister.startAutoPersisting([seed, {open: true}]);
      await b.persister.startAutoPersisting([{unused: {r: {c: 1}}}, {}]);
      await expectSoon(() =>
        expect(b.store.getContent()).toEqual([seed, {open: true}]),
      );

      a.store.setCell('pets', 'fido', 'color', 'brown');
      await expectSoon(() =>
        expect(b.store.getCell('pets', 'fido', 'color')).toBe('brown'),
      );
      b.store.setRow('pets', 'felix', {species: 'cat', lives: 9});
      await expectSoon(() =>
        expect(a.store.getRow('pets', 'felix')).toEqual({
          species: 'cat',
          lives: 9,
        }),
      );
      a.store.transaction(() => {
        a.store.setCell('pets', 'fido', 'color', 'black');
        a.store.setCell('pets', 'felix', 'lives', 8);
        a.store.setValue('open', false);
      });
      await expectSoon(() => expect(b.store.getValue('open')).toBe(false));
      await expectSoon(() =>
        expect(b.store.getCell('pets', 'felix', 'lives')).toBe(8),
      );
      b.store.setValue('employees', 3);
      await expectSoon(() => expect(a.store.getValue('employees')).toBe(3));

      expect(await expectSame(room, [a, b])).toEqual([
        {
          pets: {
            fido: {species: 'dog', color: 'black'},
            felix: {species: 'cat', lives: 8},
          },
        },
        {open: false, employees: 3},
      ]);
      const c = await startClient(pair.a, room);
      const d = await startClient(pair.b, room);
      await expectSame(room, [a, b, c, d]);
      expectNoErrors(a, b, c, d);
    });

    test('deletions both ways', async () => {
      const {room, a, b} = await startPair();
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        from.store.setTables({
          t1: {r1: {c1: 1, c2: 2}, r2: {c1: 3}},
          t2: {r1: {c1: 4}},
          t3: {r1: {c1: 5}},
        });
        from.store.setValues({v1: 1, v2: 2});
        await expectSame(room, [a, b]);
        expect(to.store.getTableIds()).toHaveLength(3);

        from.store.delCell('t1', 'r1', 'c2');
        await expectSoon(() =>
          expect(to.store.getRow('t1', 'r1')).toEqual({c1: 1}),
        );
        from.store.delRow('t1', 'r2');
        await expectSoon(() =>
          expect(to.store.getTable('t1')).toEqual({r1: {c1: 1}}),
        );
        from.store.delTable('t2');
        await expectSoon(() => expect(to.store.hasTable('t2')).toBe(false));
        from.store.delValue('v1');
        await expectSoon(() => expect(to.store.getValues()).toEqual({v2: 2}));
        from.store.transaction(() => {
          from.store.delRow('t3', 'r1');
          from.store.setRow('t3', 'r1', {c2: 'again'});
        });
        await expectSoon(() =>
          expect(to.store.getTable('t3')).toEqual({r1: {c2: 'again'}}),
        );
        expect(await expectSame(room, [a, b])).toEqual([
          {t1: {r1: {c1: 1}}, t3: {r1: {c2: 'again'}}},
          {v2: 2},
        ]);
        from.store.delTables();
        from.store.delValues();
        await expectSoon(() => expect(to.store.getContent()).toEqual([{}, {}]));
        expect(await expectSame(room, [a, b])).toEqual([{}, {}]);
      }
      expectNoErrors(a, b);
    });

    test('a reconnect', async () => {
      const proxy = await startTcpProxy(server.port);
      const room = createTestRoom(server, pair.room);
      const a = await startClient(pair.a, room, {host: proxy.host});
      const b = await startClient(pair.b, room);
      a.store.setValue('before', 1);
      await expectSame(room, [a, b]);

      proxy.cut();
      await until(() => a.socket.readyState != a.socket.OPEN);
      a.store.setCell('t', 'offline', 'by', 'a');
      b.store.setCell('t', 'missed', 'by', 'b');
      await until(async () => (await room.getContent())?.[0]['t']?.['missed']);
      proxy.resume();
      await untilOpen(a);

      await expectSoon(() =>
        expect(b.store.getCell('t', 'offline', 'by')).toBe('a'),
      );
      a.store.setCell('t', 'after', 'by', 'a');
      await expectSoon(() =>
        expect(b.store.getCell('t', 'after', 'by')).toBe('a'),
      );
      b.store.setCell('t', 'later', 'by', 'b');
      await expectSoon(() =>
        expect(a.store.getCell('t', 'later', 'by')).toBe('b'),
      );
      // TinyBase's own client never asks for what it has missed.
      await expectSame(room, pair.a == 'ours' ? [a, b] : [b]);
    });
  });
[...INTEROP_PAIRS, ...PURE_PAIRS].forEach(describePair);
