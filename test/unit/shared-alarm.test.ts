/** A room's webhooks and its app share the one alarm of the platform. */
import type {Party} from 'partykit/server';
import {
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from 'tinybase-partykit/server';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {createAlarmStorage} from '../support/alarm-storage.js';
import {createFakeParty} from '../support/fake-party.js';
import {settleParty} from '../support/settle.js';
import {SECRET} from '../support/webhook-requests.js';

const NOW_MS = 1_800_000_000_000;

/** Offsets that webhooks have told of. */
const told: string[] = [];
let lastValue = 0;

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date'], now: NOW_MS});
  told.length = 0;
  vi.stubGlobal('fetch', async (_url: string, {body}: {body: Uint8Array}) => {
    const {data} = JSON.parse(new TextDecoder().decode(body));
    told.push(`${data.room} ${data.fromOffset}-${data.toOffset}`);
    return new Response(null, {status: 204});
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

class Sender extends TinyBasePartyKitServer {
  override readonly config: TinyBasePartyKitServerConfig = {
    webhooks: {url: 'https://example.com/webhook', secret: SECRET},
  };
}

class Room extends Sender {
  rings: (number | null)[] = [];
  ring: () => unknown = () => {};

  async onAlarm(): Promise<void> {
    this.rings.push(await this.party.storage.getAlarm());
    await this.ring();
  }
}

const createScene = <Server extends TinyBasePartyKitServer>(
  ServerClass: new (party: any) => Server,
  storage = createAlarmStorage(),
) => {
  const {alarm} = storage;
  const party = createFakeParty(ServerClass, {storage});
  const getOnAlarm = () => (party.server as any).onAlarm?.bind(party.server);
  return {
    party,
    alarm,
    storage: party.party.storage,
    /** Something is committed. */
    commit: async () => {
      const {connection} = party.connect();
      const push = `s[{},{"v":${++lastValue}},1]`;
      await party.server.onMessage(push, connection);
      await settleParty();
    },
    /** Lets time pass, and the alarm go off when it is time. */
    advance: async (ms: number, {retries = false} = {}): Promise<unknown[]> => {
      const end = Date.now() + ms;
      const errors: unknown[] = [];
      await settleParty();
      while (alarm.at !== null && alarm.at <= end) {
        vi.setSystemTime(Math.max(Date.now(), alarm.at));
        alarm.at = null;
        await getOnAlarm()().catch((error: unknown) => {
          errors.push(error);
          if (retries) {
            alarm.at ??= Date.now() + 2_000;
          }
        });
        await settleParty();
      }
      vi.setSystemTime(end);
      return errors;
    },
  };
};

describe("an app's own alarm", () => {
  test('W19: keeps its time beside the one of webhooks', async () => {
    const {party, storage, alarm, commit, advance} = createScene(Room);
    await commit();
    expect(alarm.at).toBe(NOW_MS + 1_000);
    await storage.setAlarm(new Date(NOW_MS + 5_000));
    expect(await storage.getAlarm()).toBe(NOW_MS + 5_000);
    expect(alarm.at).toBe(NOW_MS + 1_000);
    await advance(2_000);
    expect([told, party.server.rings]).toEqual([['room 0-1'], []]);
    expect(alarm.at).toBe(NOW_MS + 5_000);
    await advance(3_000);
    expect(party.server.rings).toEqual([null]);
    expect(await storage.getAlarm()).toBe(null);
    expect(alarm.at).toBe(null);
  });

  test('W19: is not kept waiting by a later one of webhooks', async () => {
    const {party, storage, alarm, commit, advance} = createScene(Room);
    await commit();
    await storage.setAlarm(NOW_MS + 10);
    expect(alarm.at).toBe(NOW_MS + 10);
    await advance(10);
    expect([told, party.server.rings]).toEqual([[], [null]]);
    expect(alarm.at).toBe(NOW_MS + 1_000);
    await advance(1_000);
    expect([told, party.server.rings]).toEqual([['room 0-1'], [null]]);
  });

  test('W19: is deleted alone', async () => {
    const {party, storage, alarm, commit, advance} = createScene(Room);
    await commit();
    await storage.setAlarm(NOW_MS + 10);
    await storage.deleteAlarm();
    expect(await storage.getAlarm()).toBe(null);
    expect(alarm.at).toBe(NOW_MS + 1_000);
    await advance(10_000);
    expect([told, party.server.rings]).toEqual([['room 0-1'], []]);
  });

  test('W19: may be set again by its handler', async () => {
    const {party, storage, advance, commit} = createScene(Room);
    await commit();
    await storage.setAlarm(NOW_MS + 3_000);
    party.server.ring = async () => {
      if (party.server.rings.length < 3) {
        await storage.setAlarm(Date.now() + 3_000);
      }
    };
    await advance(60_000);
    expect(party.server.rings).toEqual([null, null, null]);
    expect(await storage.getAlarm()).toBe(null);
  });

  test('W19: is tried again where its handler throws, six times', async () => {
    const {party, storage, alarm, advance, commit} = createScene(Room);
    await commit();
    await advance(1_000);
    await storage.setAlarm(NOW_MS + 3_000);
    const rungAt: number[] = [];
    party.server.ring = () => {
      rungAt.push(Date.now() - NOW_MS - 3_000);
      throw new Error('of the app');
    };
    const errors = await advance(3_600_000);
    expect(rungAt).toEqual([0, 2_000, 6_000, 14_000, 30_000, 62_000, 126_000]);
    expect(errors.map(String)).toEqual(rungAt.map(() => 'Error: of the app'));
    expect([alarm.at, await storage.getAlarm()]).toEqual([null, null]);
  });

  test('W19: is tried no more often where the platform tries again, too', async () => {
    const {party, storage, advance, commit} = createScene(Room);
    await commit();
    await advance(1_000);
    await storage.setAlarm(NOW_MS + 3_000);
    party.server.ring = () => {
      throw new Error('of the app');
    };
    await advance(3_600_000, {retries: true});
    expect(party.server.rings).toHaveLength(7);
  });

  test('W19: outlives the instance, and the loss of the platform’s', async () => {
    const scene = createScene(Room);
    const {party, storage, alarm, commit, advance} = scene;
    await commit();
    await storage.setAlarm(NOW_MS + 9_000);
    party.wake();
    await advance(5_000);
    expect([told, party.server.rings]).toEqual([['room 0-1'], []]);
    party.wake();
    alarm.at = null;
    await party.request('GET', '/store');
    expect(await storage.getAlarm()).toBe(NOW_MS + 9_000);
    await advance(5_000);
    expect(party.server.rings).toEqual([null]);
  });

  test('W19: counts where it was set before there were webhooks', async () => {
    class Before extends TinyBasePartyKitServer {}
    const storage = createAlarmStorage();
    const before = createScene(Before, storage);
    await before.commit();
    await before.storage.setAlarm(NOW_MS + 9_000);
    const {party, alarm, commit, advance} = createScene(Room, storage);
    await commit();
    expect(alarm.at).toBe(NOW_MS + 1_000);
    await advance(8_000);
    expect([told, party.server.rings]).toEqual([['room 1-2'], []]);
    await advance(8_000);
    expect(party.server.rings).toEqual([null]);
  });

  test('W19: counts even where it wakes the room into having webhooks', async () => {
    const storage = createAlarmStorage();
    await storage.setAlarm(NOW_MS + 9_000);
    const {party, advance} = createScene(Room, storage);
    await advance(10_000);
    expect(party.server.rings).toEqual([null]);
    expect(storage.alarm.at).toBe(null);
  });

  test('W19: counts where it was set while there were no webhooks', async () => {
    class Plain extends TinyBasePartyKitServer {}
    const storage = createAlarmStorage();
    const first = createScene(Room, storage);
    await first.commit();
    await first.advance(1_000);
    const bare = createAlarmStorage(storage.getEntries());
    const between = createScene(Plain, bare);
    await between.commit();
    await between.storage.setAlarm(NOW_MS + 59_000);
    const {party, advance} = createScene(Room, bare);
    await party.request('GET', '/store');
    await advance(60_000);
    expect(told).toEqual(['room 0-1', 'room 1-2']);
    expect(party.server.rings).toEqual([null]);
  });

  test('W19: counts where it is set in a constructor', async () => {
    const storage = createAlarmStorage();
    const before = createScene(Room, storage);
    await before.commit();
    await before.advance(1_000);
    class Constructed extends Room {
      constructor(room: Party) {
        super(room);
        void room.storage.setAlarm(NOW_MS + 9_000);
      }
    }
    const bare = createAlarmStorage(storage.getEntries());
    const {party, advance} = createScene(Constructed, bare);
    await party.request('GET', '/store');
    await advance(10_000);
    expect([told, party.server.rings]).toEqual([['room 0-1'], [null]]);
  });

  test('W19: is not rung for a retry of a webhook that is gone', async () => {
    const storage = createAlarmStorage();
    const before = createScene(Room, storage);
    vi.stubGlobal('fetch', async () => new Response(null, {status: 500}));
    await before.commit();
    await before.advance(1_000);
    expect(storage.alarm.at).not.toBe(null);
    class Others extends Room {
      override readonly config: TinyBasePartyKitServerConfig = {
        webhooks: {url: 'https://example.com/other', secret: SECRET},
      };
    }
    const {party, advance} = createScene(Others, storage);
    await party.request('GET', '/store');
    await advance(60_000);
    expect(party.server.rings).toEqual([]);
    expect(storage.alarm.at).toBe(null);
  });

  test('W19: may be set in a transaction, and rolled back', async () => {
    const {party, storage, alarm, commit, advance} = createScene(Room);
    await commit();
    const rollBack = storage.transaction(async (inner) => {
      await inner.setAlarm(NOW_MS + 10);
      throw new Error('rolled back');
    });
    await expect(rollBack).rejects.toThrow('rolled back');
    await storage.transaction(async (inner) => {
      await inner.setAlarm(NOW_MS + 20);
      inner.rollback();
    });
    expect(await storage.getAlarm()).toBe(null);
    expect(alarm.at).toBe(NOW_MS + 1_000);
    await storage.transaction(async (inner) => {
      await inner.deleteAlarm();
      expect(await inner.getAlarm()).toBe(null);
      await inner.setAlarm(NOW_MS + 5_000);
      expect(await inner.getAlarm()).toBe(NOW_MS + 5_000);
    });
    expect(await storage.getAlarm()).toBe(NOW_MS + 5_000);
    expect(alarm.at).toBe(NOW_MS + 1_000);
    party.wake();
    await advance(6_000);
    expect([told, party.server.rings]).toEqual([['room 0-1'], [null]]);
  });

  test('W19: is refused as ever where its time is none', async () => {
    const {storage, commit, alarm} = createScene(Room);
    await commit();
    await expect(storage.setAlarm(NaN)).rejects.toThrow(/invalid time/);
    expect(await storage.getAlarm()).toBe(null);
    expect(alarm.at).toBe(NOW_MS + 1_000);
  });

  test('W19: may have its handler in a field', async () => {
    class Fields extends Sender {
      rings = 0;
      onAlarm = async () => {
        this.rings++;
      };
    }
    const {party, storage, commit, advance} = createScene(Fields);
    await commit();
    await storage.setAlarm(NOW_MS + 5_000);
    party.wake();
    await settleParty();
    await advance(5_000);
    expect([told, party.server.rings]).toEqual([['room 0-1'], 1]);
  });
});

describe('a room with webhooks', () => {
  test.each(['setAlarm', 'deleteAlarm'] as const)(
    'W17: keeps its time where nothing but %s of the app wakes it',
    async (method) => {
      const storage = createAlarmStorage();
      const before = createScene(Sender, storage);
      vi.stubGlobal('fetch', async () => new Response(null, {status: 500}));
      await before.commit();
      await before.advance(1_000);
      const retryAt = storage.alarm.at!;
      class Closing extends Sender {
        onClose = async () =>
          await this.party.storage[method](NOW_MS + 9_000_000);
      }
      const bare = createAlarmStorage(storage.getEntries());
      await bare.setAlarm(retryAt);
      const {party, alarm} = createScene(Closing as typeof Sender, bare);
      await settleParty();
      await (party.server as Closing).onClose();
      await settleParty();
      expect(alarm.at).toBe(retryAt);
    },
  );

  test('W17: knows its id in an alarm, where the platform does not', async () => {
    const {party, commit, advance} = createScene(Sender);
    await commit();
    party.wake();
    Object.defineProperty(party.party, 'id', {
      get: () => {
        throw new Error('You can not access `Party.id` in an alarm');
      },
    });
    await settleParty();
    await advance(1_000);
    expect(told).toEqual(['room 0-1']);
  });

  test('W17: learns its id from who comes, where an alarm woke it', async () => {
    class Before extends TinyBasePartyKitServer {}
    const storage = createAlarmStorage();
    await createScene(Before, storage).commit();
    const {party, advance} = createScene(
      class extends Sender {
        async onAlarm(): Promise<void> {
          this.getStore().setValue('v', Date.now());
        }
      },
      storage,
    );
    Object.defineProperty(party.party, 'id', {
      get: () => {
        throw new Error('You can not access `Party.id` in an alarm');
      },
    });
    await storage.setAlarm(NOW_MS);
    await advance(60_000);
    expect(told).toEqual([]);
    await party.request('GET', '/store');
    await advance(0);
    expect(told).toEqual(['room 1-2']);
  });

  test('W18: needs no Store for its alarm alone', async () => {
    const {party, advance} = createScene(Sender);
    await party.request('PUT', '/store', '[{},{"v":1}]');
    await advance(1_000);
    expect(told).toEqual(['room 0-1']);
    expect(() => party.server.getStore()).toThrow(/not loaded/);
  });

  test('W10: says at first use what is wrong with its config', async () => {
    class Wrong extends TinyBasePartyKitServer {
      override readonly config: any = {webhooks: {url: 'https://a.b'}};
    }
    const {party} = createScene(Wrong);
    await settleParty();
    const {connection} = party.connect();
    await expect(party.server.onMessage('i[]', connection)).rejects.toThrow(
      /config\.webhooks\[0\]\.secret: A webhook secret is missing/,
    );
  });
});

describe('a room without webhooks', () => {
  test.each([{}, {webhooks: []}])(
    'W18: has its alarm to itself with %j',
    async (config) => {
      class Plain extends TinyBasePartyKitServer {
        override readonly config: any = config;
      }
      const storage = createAlarmStorage();
      const {setAlarm, getAlarm, deleteAlarm, transaction} = storage;
      const {party, commit, alarm} = createScene(Plain, storage);
      await commit();
      expect(party.party.storage).toMatchObject({
        setAlarm,
        getAlarm,
        deleteAlarm,
        transaction,
      });
      expect(alarm.at).toBe(null);
      expect((party.server as any).onAlarm).toBe(undefined);
      const keys = storage.getEntries().map(([key]) => key);
      expect(keys.filter((key) => /webhook|alarm/.test(key))).toEqual([]);
    },
  );
});
