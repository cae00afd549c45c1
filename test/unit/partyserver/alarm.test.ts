/** The alarm of a room on partyserver, which may be the first to come. */
import {
  broadcastChanges,
  TinyBaseServer,
  type TinyBaseServerConfig,
} from 'tinybase-partykit/partyserver';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {createFakeDurableObject} from '../../support/fake-durable-object.js';
import {settleParty} from '../../support/settle.js';
import {SECRET} from '../../support/webhook-requests.js';

const NOW_MS = 1_800_000_000_000;

/** Rooms and offsets that webhooks have told of. */
const told: string[] = [];
let isDown = false;

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date'], now: NOW_MS});
  told.length = 0;
  isDown = false;
  vi.stubGlobal('fetch', async (_url: string, {body}: {body: Uint8Array}) => {
    const {data} = JSON.parse(new TextDecoder().decode(body));
    told.push(`${data.room} ${data.fromOffset}-${data.toOffset}`);
    return new Response(null, {status: isDown ? 500 : 204});
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

class Sender extends TinyBaseServer {
  override readonly config: TinyBaseServerConfig = {
    webhooks: {
      url: 'https://example.com/webhook',
      secret: SECRET,
      onIgnoredError: () => {},
    },
  };
}

class Starting extends Sender {
  rings: unknown[] = [];

  override async onStart(): Promise<void> {}

  override async onAlarm(): Promise<void> {
    this.rings.push(this.getStore().getContent());
  }

  /** What may be called by RPC, of a server that nothing has started. */
  async remind(at: number): Promise<void> {
    await this.ctx.storage.setAlarm(at);
  }
}

class Writing extends Starting {
  override async onStart(): Promise<void> {
    await broadcastChanges(this, [{}, {startedAt: Date.now()}, 1]);
  }
}

const createScene = <Server extends TinyBaseServer>(
  ServerClass: new (ctx: any, env: any) => Server,
) => {
  const room = createFakeDurableObject(ServerClass);
  const {alarm} = room.storage;
  return {
    room,
    /** Lets time pass, and the alarm go off when it is time. */
    advance: async (ms: number, {asleep = false} = {}): Promise<void> => {
      const end = Date.now() + ms;
      await settleParty();
      while (alarm.at !== null && alarm.at <= end) {
        vi.setSystemTime(Math.max(Date.now(), alarm.at));
        if (asleep) {
          room.wake();
        }
        await room.ring();
        await settleParty();
      }
      vi.setSystemTime(end);
    },
  };
};

test.each([
  ['nothing of the app’s', Sender],
  ['handlers of the app’s', Starting],
])('W8: wakes a room to send what is due, with %s', async (_, ServerClass) => {
  const {room, advance} = createScene<TinyBaseServer>(ServerClass);
  await room.request('PUT', '/store', '[{},{"v":1}]');
  isDown = true;
  await advance(1_500);
  expect(told).toEqual(['room 0-1']);
  isDown = false;
  await advance(60_000, {asleep: true});
  expect(told).toEqual(['room 0-1', 'room 0-1']);
});

test.each([
  ['does nothing', Starting],
  ['writes', Writing],
])(
  'W19: is the app’s where it was set before all, and onStart %s',
  async (_, ServerClass) => {
    const {room, advance} = createScene<Starting>(ServerClass);
    await room.request('GET', '/store');
    await advance(60_000);
    room.wake();
    await room.server.remind(Date.now() + 1_000);
    room.wake();
    const {server} = room;
    await advance(1_500);
    expect(server.rings.length).toBe(1);
    await advance(60_000);
    expect(server.rings.length).toBe(1);
  },
);

test('W19: is nothing to a room whose webhooks alone have set it', async () => {
  const {room, advance} = createScene(Starting);
  await room.request('PUT', '/store', '[{},{"v":1}]');
  await advance(60_000);
  expect(told).toEqual(['room 0-1']);
  expect(room.server.rings).toEqual([]);
});
