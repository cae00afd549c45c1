/** A PATCH with an Idempotency-Key is taken once, whatever is lost or killed. */
import {setImmediate} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startRoomServer, type RoomServer} from '../support/room-server.js';
import {patchOnce} from '../support/patch-once.js';
import {createRandomInteger} from '../support/random-edits.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {createTestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';

const PATCHES = 200;
/** How often the server is killed meanwhile. */
const KILLS = 8;
const SEED = Number(process.env.SEED ?? 1);

let server: RoomServer;
beforeAll(async () => {
  server = await startRoomServer({main: 'test/rooms/history-room.ts'});
});
afterAll(() => server?.stop());

test(
  `B7: ${PATCHES} are taken once over lost answers and kills (seed ${SEED})`,
  {timeout: 180_000},
  async () => {
    const random = createRandomInteger(SEED);
    const proxy = await startTcpProxy(server.port);
    const room = createTestRoom(server, 'ours', {
      party: 'main',
      name: `once-${SEED}`,
      query: '?token=secret',
    });
    const viaProxy = createTestRoom(proxy, 'ours', {
      party: 'main',
      name: room.name,
    });
    await room.putContent([{}, {last: 0}]);

    let repeats = 0;
    const send = async (n: number): Promise<void> => {
      const {repeated} = await patchOnce(
        `${viaProxy.url}/store`,
        [{t: {[n]: {by: n}}}, {last: n}, 1],
        {client: 'mirror', number: n, key: 'secret'},
      );
      repeats += repeated ? 1 : 0;
    };
    /** Another writes the same, unless it was not taken yet. */
    const overwritten = new Set<number>();
    const overwrite = async (n: number) => {
      const [tables] = (await room.getContent())!;
      if (tables['t']?.[n]) {
        const response = await room.request('/store', {
          method: 'PATCH',
          body: JSON.stringify([{t: {[n]: {by: 'other'}}}, {}, 1]),
        });
        expect(response.status).toBe(200);
        overwritten.add(n);
      }
    };
    const harm = {
      answer: async (n: number) => {
        proxy.deafen();
        const sent = send(n);
        await until(async () => (await room.getContent())![0]['t']?.[n]);
        proxy.cut();
        await overwrite(n);
        proxy.resume();
        await sent;
      },
      request: async (n: number) => {
        proxy.swallow();
        const {swallowed} = proxy;
        const sent = send(n);
        await until(() => proxy.swallowed > swallowed);
        proxy.cut();
        proxy.resume();
        await sent;
      },
      kill: async (n: number) => {
        const sent = send(n);
        for (let turns = random(60); turns; turns--) {
          await setImmediate();
        }
        await server.restart();
        await overwrite(n);
        await sent;
      },
    };

    for (let n = 1; n <= PATCHES; n++) {
      const chance = random(8);
      if (n % (PATCHES / KILLS) == 0) {
        await harm.kill(n);
      } else if (chance < 2) {
        await harm[chance ? 'answer' : 'request'](n);
      } else {
        await send(n);
      }
    }

    const [tables] = (await room.getContent())!;
    const all = Array.from({length: PATCHES}, (_, index) => index + 1);
    expect(tables['t']).toEqual(
      Object.fromEntries(
        all.map((n) => [n, {by: overwritten.has(n) ? 'other' : n}]),
      ),
    );
    const applied: unknown[] = [];
    let url: string | undefined = `${room.url}/store?since=1&token=secret`;
    while (url) {
      const page: Response = await fetch(url);
      for (const {changes} of await page.json()) {
        applied.push(
          ...changes.flatMap(([, {last}]: any) => (last ? [last] : [])),
        );
      }
      const link = page.headers.get('Link') ?? '';
      const [, next] = /<([^>]*)>; rel="next"/.exec(link) ?? [];
      url = next && new URL(next, url).href;
    }
    expect(applied).toEqual(all);
    expect(repeats).toBeGreaterThan(10);
    expect(overwritten.size).toBeGreaterThan(10);
  },
);
