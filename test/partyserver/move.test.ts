/** Rooms move from one deployment to another, with those who are in them. */
import {setTimeout as sleep} from 'node:timers/promises';
import {createStore} from 'tinybase';
import {createMirror} from 'tinybase-partykit/mirror';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {startChaoticReceiver} from '../support/chaotic-receiver.js';
import {
  type Deployment,
  requestArchive,
  startDeployment,
} from '../support/deployments.js';
import {
  createClient,
  expectSame,
  getPendingCount,
  startClient,
  type TestClient,
} from '../support/halves.js';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';
import {createRandomInteger} from '../support/random-edits.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';

const KILLS = Number(process.env.KILLS ?? 6);

const DIRECTIONS = [
  ['partykit', 'partyserver'],
  ['partyserver', 'partykit'],
] as const;

let old: Deployment;
let fresh: Deployment;
afterEach(async () => {
  await Promise.all([old?.stop(), fresh?.stop()]);
});

const getPosition = async (room: TestRoom): Promise<[string, number]> => {
  const response = await room.request('/store', {method: 'HEAD'});
  const [, epoch, offset] = /"(\w+)\.(\d+)"/.exec(
    response.headers.get('etag')!,
  )!;
  return [epoch!, Number(offset)];
};

/** Counts how often something loads a whole Store. */
const countLoads = (host: string): {get: () => number; stop: () => void} => {
  const {fetch} = globalThis;
  let count = 0;
  globalThis.fetch = (input, init) => {
    count +=
      String(input).startsWith(`http://${host}/`) && !init?.method ? 1 : 0;
    return fetch(input, init);
  };
  return {get: () => count, stop: () => void (globalThis.fetch = fetch)};
};

describe.each(DIRECTIONS)('from %s to %s', (oldPlatform, newPlatform) => {
  beforeEach(async () => {
    old = await startDeployment(oldPlatform);
    fresh = await startDeployment(newPlatform, {from: old.host});
  });

  test.each(['main', 'bare'])(
    'clients of a %s room go on where they were',
    async (party) => {
      const at = (deployment: Deployment) =>
        createTestRoom(deployment, 'ours', {party, name: 'a%20room'});
      const big = createStore();
      for (let row = 0; row < 2_000; row++) {
        big.setRow('big', `${row}`, {row, text: 'x'.repeat(100)});
      }
      await at(old).putContent(big.getContent());
      const clients: TestClient[] = [];
      while (clients.length < 3) {
        clients.push(await startClient('ours', at(old)));
      }
      const [first, second, third] = clients as [
        TestClient,
        TestClient,
        TestClient,
      ];
      first.store.setValue('before', 1);
      await until(() =>
        clients.every(({store}) => store.getValue('before') == 1),
      );
      await until(() => !getPendingCount(first));
      const [epoch, offset] = await getPosition(at(old));
      let pushes = 0;
      const push = (client: TestClient) => {
        pushes++;
        const of = clients.indexOf(client);
        client.store.setCell('pushes', `${pushes}`, 'of', of);
      };
      const loads = countLoads(old.host);

      await old.kill();
      push(first);
      push(second);
      push(first);
      await old.deploy({mayLeave: true, forwardTo: fresh.host});
      push(third);
      const content = await expectSame(at(fresh), clients, 20_000);

      expect(Object.keys(content[0]['pushes']!)).toHaveLength(pushes);
      expect(await getPosition(at(fresh))).toEqual([epoch, offset + pushes]);
      expect(clients.map(getPendingCount)).toEqual([0, 0, 0]);
      expect(loads.get()).toBe(0);
      loads.stop();
    },
  );

  test(
    'while either is killed again and again, nothing is lost or taken twice',
    {timeout: 120_000},
    async () => {
      const random = createRandomInteger(1);
      const at = (deployment: Deployment) =>
        createTestRoom(deployment, 'ours', {party: 'bare', name: 'chaos'});
      const big = createStore();
      for (let row = 0; row < 4_000; row++) {
        big.setRow('big', `${row}`, {row, text: 'x'.repeat(1_000)});
      }
      await at(old).putContent(big.getContent());
      const clients: TestClient[] = [];
      while (clients.length < 3) {
        clients.push(await startClient('ours', at(old)));
      }
      const [, offset] = await getPosition(at(old));
      const written = clients.map(() => 0);
      const write = (): void =>
        clients.forEach(({store}, index) => {
          written[index]!++;
          store.setRow(`of ${index}`, `${written[index]}`, {a: 1});
        });
      const writing = setInterval(write, 20);
      onTestFinished(() => clearInterval(writing));

      await old.deploy({mayLeave: true, forwardTo: fresh.host});
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(random(300));
        await (random(2) ? old : fresh).restart();
      }
      clearInterval(writing);

      const content = await expectSame(at(fresh), clients, 60_000);
      written.forEach((count, index) =>
        expect(Object.keys(content[0][`of ${index}`]!)).toHaveLength(count),
      );
      const pushes = written.reduce((sum, count) => sum + count, 0);
      const position = await getPosition(at(fresh));
      expect(position[1]).toBe(offset + pushes);
      expect(clients.map(getPendingCount)).toEqual([0, 0, 0]);
      expect((await at(old).request('/store')).headers.get('etag')).toBe(
        `"${position.join('.')}"`,
      );
    },
  );

  test('who reads it, a mirror and a webhook go on where they were', async () => {
    const receiver = await startChaoticReceiver(createRandomInteger(1));
    receiver.calmDown();
    onTestFinished(() => receiver.stop());
    const webhooks = JSON.stringify([
      {url: `${receiver.url}/hook`, secret: SECRET, throttleMs: 0},
    ]);
    await old.deploy({webhooks});
    await fresh.deploy({from: old.host, webhooks});
    const room = createTestRoom(old, 'ours', {party: 'bare', name: 'read'});
    await room.putContent([{}, {}]);
    const client = await startClient('ours', room);
    const memory = createSinkMemory();
    const mirror = createMirror({
      room: `${room.url}/store`,
      sink: createMemorySink(memory, {wantsEachCommit: true}),
    });
    onTestFinished(() => mirror.stop());
    await mirror.start();
    const set = async (count: number) => {
      client.store.setValue('count', count);
      await until(
        () =>
          JSON.parse(memory.rows.get('read')?.content ?? '[{},{}]')[1].count ==
          count,
        {timeoutMs: 20_000},
      );
    };
    await set(1);
    const [epoch, offset] = await getPosition(room);

    await old.deploy({mayLeave: true, forwardTo: fresh.host, webhooks});
    await set(2);
    await set(3);

    // The mirror has each commit, and all of the content only once.
    const {history} = memory.rows.get('read')!;
    expect(history.map(({after}) => after)).toEqual([
      null,
      ...history.slice(1).map((_, index) => history[index]!.offset),
    ]);
    expect(history.at(-1)).toMatchObject({epoch, offset: offset + 2});
    // A reader of the live feed is told what it has missed alone.
    const abort = new AbortController();
    const feed = await room.request('/store', {
      headers: {
        Accept: 'text/event-stream',
        'Last-Event-ID': `${epoch}.${offset}`,
      },
      signal: abort.signal,
    });
    const reader = feed.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    await until(async () => {
      text += (await reader.read()).value;
      return text.includes('"count":3');
    });
    expect(text).not.toContain('event: reload');
    expect(text).not.toContain('event: content');
    abort.abort();
    // The webhook is told of each commit, once.
    await until(
      () =>
        receiver.getReceiver('/hook').events.at(-1)?.data.toOffset ==
        offset + 2,
      {timeoutMs: 20_000},
    );
    let last = 0;
    for (const {data} of receiver.getReceiver('/hook').events) {
      expect([data.epoch, data.fromOffset]).toEqual([epoch, last]);
      last = data.toOffset;
    }
  });

  test('a room is given to nobody else, and comes back when it is told to', async () => {
    await old.deploy({mayLeave: true});
    const room = createTestRoom(old, 'ours', {party: 'bare'});
    await room.putContent([{}, {v: 1}]);
    const legacy = await startClient('tinybase', room);
    const wrong = {headers: {Authorization: 'Bearer wrong'}};
    expect((await requestArchive(room.url, wrong)).status).toBe(401);
    expect((await requestArchive(room.url, {method: 'GET'})).status).toBe(404);
    expect(await room.getContent()).toEqual([{}, {v: 1}]);

    const archive = await (await requestArchive(room.url)).text();
    await until(() => legacy.socket.readyState != 1);
    await legacy.destroy();
    for (const init of [{}, {method: 'PUT', body: '[{},{}]'}]) {
      const response = await room.request('/store', init);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
    }
    await old.restart();
    expect(await (await requestArchive(room.url)).text()).toBe(archive);

    await requestArchive(room.url, {method: 'DELETE'});
    const client = await startClient('ours', room);
    client.store.setValue('v', 2);
    await until(() => !getPendingCount(client));
    expect(await room.getContent()).toEqual([{}, {v: 2}]);
  });

  test('what cannot be asked for is not begun anew', async () => {
    const at = (deployment: Deployment) =>
      createTestRoom(deployment, 'ours', {party: 'main', name: 'unreachable'});
    await at(old).putContent([{}, {starts: 1}]);
    await old.kill();
    const client = createClient('ours', at(fresh));
    void client.persister.startAutoPersisting();
    client.store.setValue('pending', 1);
    expect((await at(fresh).request('/store')).status).toBe(503);
    const put = {method: 'PUT', body: '[{},{}]'};
    expect((await at(fresh).request('/store', put)).status).toBe(503);
    await old.deploy({mayLeave: true});
    await until(() => !getPendingCount(client), {timeoutMs: 20_000});
    const content = await expectSame(at(fresh), [client]);
    // The app's onStart has run when the room was there.
    expect(content[1]).toEqual({starts: expect.any(Number), pending: 1});
    expect(content[1]['starts']).toBeGreaterThan(1);
  });
});
