/** A mirror while the room, the sink and all between them fail. */
import {createMirror, createSink, type Mirror} from 'tinybase-partykit/mirror';
import {describe, expect, test, vi} from 'vitest';
import {canonicalize, decodeContent} from '../support/content.js';
import {createFeedRoom} from '../support/feed-room.js';
import {addEdits, createModelEdits} from '../support/model-edits.js';
import {createHeldStorage} from '../support/held-storage.js';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';
import {createRandomChanges} from '../support/random-changes.js';
import {createRandomInteger} from '../support/random-edits.js';
import {respondToStoreRequest} from '../../src/server/store-http.js';
import {settle} from '../support/scripted-world.js';
import {until} from '../support/until.js';
import {createWebhookTeller} from '../support/webhook-teller.js';
import {getRuns} from '../support/runs.js';

vi.mock('../../src/mirror/limits.js', async (original) => ({
  ...(await original<object>()),
  RETRY_MS: 1,
  MAX_RETRY_MS: 4,
  // A room that has begun anew does not come to where its answer was.
  ANSWER_MS: 200,
  DISCOVERY_MS: 20,
}));

/** Others: `SEED=1000 SEEDS=500 npx vitest run test/unit/mirror-random.test.ts`. */
const SEED = Number(process.env.SEED ?? 1);
const SEEDS = getRuns('SEEDS', 8);
const STEPS = 120;
const URL = 'http://room.test/parties/main/my-room/store';

type Way = {
  wantsEachCommit: boolean;
  keepsContent: boolean;
  historyLimit: number;
  mirrors: number;
  throttleMs?: number;
  /** The room fails to store something, or begins anew, with another epoch. */
  roomFails?: boolean;
  /** The mirrors follow no feed: webhooks come to any of them. */
  webhooks?: boolean;
  twoWay?: boolean;
};

const play = async (
  seed: number,
  {
    historyLimit,
    mirrors,
    throttleMs = 0,
    roomFails = false,
    webhooks = false,
    twoWay = false,
    ...way
  }: Way,
) => {
  const random = createRandomInteger(seed);
  const storage = createHeldStorage();
  const scene = createFeedRoom({
    storage,
    historyLimit,
    limits: {maxCatchUpBytes: 5_000},
  });
  const memory = createSinkMemory();
  const edits = createModelEdits(memory);
  const teller = createWebhookTeller(scene.room, random);
  /** Which were taken, and where. */
  const patches: string[] = [];
  const cuts = new Set<() => void>();
  let isOffline = false;
  /** How many requests the room is dealing with. */
  let asked = 0;

  /** The room by HTTP, whose streams may be cut. */
  const fetch = async (input: any, init: RequestInit = {}) => {
    if (isOffline) {
      throw new TypeError('fetch failed');
    }
    asked++;
    try {
      return await ask(input, init);
    } finally {
      asked--;
    }
  };

  const ask = async (input: any, init: RequestInit) => {
    const {search} = new globalThis.URL(input);
    const {room} = scene.room;
    const request = new Request(`http://room.test/store${search}`, {
      ...init,
      signal: null,
    });
    const response = await respondToStoreRequest(room, request, {
      responseHeaders: {},
      allowPatch: true,
    });
    if (init.method == 'PATCH') {
      if (response.ok) {
        const {epoch, repeated} = await response.clone().json();
        if (!repeated) {
          const key = new Headers(init.headers).get('Idempotency-Key');
          patches.push(`${key} in ${epoch}`);
        }
      }
      if (!random(3)) {
        throw new TypeError('the answer is lost');
      }
    }
    if (
      !response.headers.get('Content-Type')?.startsWith('text/event-stream')
    ) {
      return response;
    }
    const reader = response.body!.getReader();
    let cut = () => {};
    const body = new ReadableStream({
      start: (controller) => {
        cut = () => {
          cuts.delete(cut);
          try {
            controller.error(new Error('cut'));
          } catch {
            // It has ended before.
          }
          reader.cancel().catch(() => {});
        };
        cuts.add(cut);
      },
      pull: async (controller) => {
        const {done, value} = await reader.read();
        done ? controller.close() : controller.enqueue(value);
      },
      cancel: () => reader.cancel(),
    });
    return new Response(body, response);
  };

  const start = async (): Promise<Mirror> => {
    const sink = createMemorySink(memory, way);
    const mirror = createMirror({
      ...(webhooks ? {getRoom: () => URL} : {room: URL}),
      sink: twoWay ? createSink({...sink, twoWay: edits}) : sink,
      twoWay,
      pollMs: 1,
      throttleMs,
      fetch: fetch as typeof globalThis.fetch,
    });
    await mirror.start().catch(() => {});
    return mirror;
  };
  const running: Mirror[] = [];
  for (let i = 0; i < mirrors; i++) {
    running.push(await start());
  }

  const write = async (changes: any) => {
    await scene.room.room
      .patchContent(changes, {who: null, length: 1, isMet: () => true})
      .catch(() => {});
  };
  for (let step = 1; step <= STEPS; step++) {
    switch (random(18)) {
      case 0:
        [...cuts].forEach((cut) => cut());
        break;
      case 1:
        memory.fault = random(2) ? 'before' : 'after';
        break;
      case 2:
        memory.isDown = !random(3);
        break;
      case 3:
        isOffline = !random(3);
        break;
      case 4: {
        const which = random(running.length);
        await running[which]!.stop();
        memory.isDown = false;
        running[which] = await start();
        break;
      }
      case 5:
        await settle();
        break;
      case 6:
        if (webhooks) {
          await teller.repeat(running[random(running.length)]!);
        }
        break;
      case 7:
        if (roomFails && random(2)) {
          storage.fail(new Error('The storage of the room fails.'));
        } else if (roomFails && !random(4)) {
          // The former room is gone: what it was still doing would be the new one's.
          isOffline = true;
          await until(() => !asked);
          await settle();
          for (const [key] of storage.getEntries()) {
            await storage.delete(key).catch(() => storage.delete(key));
          }
          scene.room.restart();
          isOffline = false;
          [...cuts].forEach((cut) => cut());
        }
        break;
      case 8:
      case 9:
        if (twoWay && memory.rows.size) {
          addEdits(memory, createRandomChanges(random, step, {withNull: true}));
        }
        break;
      default:
        for (let i = random(4); i >= 0; i--) {
          await write(createRandomChanges(random, step, {withNull: true}));
        }
    }
    if (webhooks && random(2)) {
      await teller.tell(running[random(running.length)]!).catch(() => {});
    }
  }
  memory.isDown = false;
  isOffline = false;
  // An error that was to come yet comes to this.
  await write([{}, {last: 1}, 1]);
  await write([{}, {last: 2}, 1]);
  if (twoWay) {
    await until(async () => !(await edits.listEdited()).length, {
      timeoutMs: 20_000,
      message: 'what others have changed is not taken',
    });
  }
  const {getPosition} = scene.room;
  const {epoch, offset} = await getPosition().catch(() => getPosition());
  const isThere = () => {
    const row = memory.rows.get('my-room');
    return row?.offset == offset && row.epoch == epoch;
  };
  if (webhooks) {
    for (let i = 0; i < 1_000 && !isThere(); i++) {
      await teller.tell(running[random(running.length)]!);
    }
    await teller.repeat(running[random(running.length)]!);
  }
  await until(isThere, {
    message: () => `${memory.rows.get('my-room')?.offset} is not ${offset}`,
  });
  await Promise.all(running.map((mirror) => mirror.stop()));
  const row = memory.rows.get('my-room')!;
  expect(row.epoch).toBe(epoch);
  expect(canonicalize(JSON.parse(row.content))).toBe(
    canonicalize(decodeContent(await scene.room.getContent())),
  );
  expect(new Set(patches).size).toBe(patches.length);
  return row.history;
};

const seeds = Array.from({length: SEEDS}, (_, i) => SEED + i);

describe.each<Way>([
  {
    wantsEachCommit: false,
    keepsContent: true,
    historyLimit: 100_000_000,
    mirrors: 1,
  },
  {
    wantsEachCommit: true,
    keepsContent: true,
    historyLimit: 100_000_000,
    mirrors: 1,
  },
  {
    wantsEachCommit: true,
    keepsContent: true,
    historyLimit: 100_000_000,
    mirrors: 3,
  },
  {
    wantsEachCommit: true,
    keepsContent: false,
    historyLimit: 100_000_000,
    mirrors: 1,
  },
  {wantsEachCommit: true, keepsContent: true, historyLimit: 0, mirrors: 2},
  {wantsEachCommit: true, keepsContent: true, historyLimit: 1_000, mirrors: 1},
  {
    wantsEachCommit: true,
    keepsContent: true,
    historyLimit: 100_000_000,
    mirrors: 2,
    throttleMs: 5,
    roomFails: true,
  },
  {
    wantsEachCommit: true,
    keepsContent: false,
    historyLimit: 10_000,
    mirrors: 2,
    roomFails: true,
  },
  {
    wantsEachCommit: true,
    keepsContent: true,
    historyLimit: 100_000_000,
    mirrors: 3,
    webhooks: true,
  },
  {
    wantsEachCommit: false,
    keepsContent: true,
    historyLimit: 1_000,
    mirrors: 3,
    webhooks: true,
    roomFails: true,
  },
  {
    wantsEachCommit: true,
    keepsContent: true,
    historyLimit: 100_000_000,
    mirrors: 2,
    twoWay: true,
  },
  {
    wantsEachCommit: false,
    keepsContent: false,
    historyLimit: 1_000,
    mirrors: 2,
    twoWay: true,
    roomFails: true,
  },
])('a mirror %o', (way) => {
  test.each(seeds)(
    'D1, D2, D3, D4, D6: ends with what the room has, seed %i',
    async (seed) => {
      const history = await play(seed, way);
      if (
        way.wantsEachCommit &&
        way.historyLimit > 10_000_000 &&
        !way.roomFails
      ) {
        // All of it by itself, from the first content on.
        expect(history.map(({after}) => after).indexOf(null, 1)).toBe(-1);
        expect(history.slice(1).filter(({time}) => time === undefined)).toEqual(
          [],
        );
      }
    },
  );
});
