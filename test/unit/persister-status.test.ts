import {createStore} from 'tinybase';
import {
  createPartyKitPersister,
  type PartyKitPersister,
} from 'tinybase-partykit/client';
import {TinyBasePartyKitServer} from 'tinybase-partykit/server';
import {afterEach, describe, expect, onTestFinished, test, vi} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {createFakeParty} from '../support/fake-party.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

const createClient = (
  party = createFakeParty(TinyBasePartyKitServer),
  options: {onIgnoredError?: (error: any) => void} = {},
) => {
  vi.stubGlobal('fetch', party.fetch);
  const store = createStore();
  const errors: any[] = [];
  const persister = createPartyKitPersister(
    store,
    party.createSocket(),
    'http',
    options.onIgnoredError ?? ((error) => errors.push(error)),
  );
  onTestFinished(async () => void (await persister.destroy()));
  return {party, store, persister, errors};
};

const untilSynced = (persister: PartyKitPersister) =>
  expectSoon(() => expect(persister.getSyncState()).toBe('synced'));

/** Statuses as TinyBase numbers them: idle, loading, saving. */
const [IDLE, LOADING, SAVING] = [0, 1, 2];

describe('the status', () => {
  test('goes by loading and saving, and back', async () => {
    const {persister} = createClient();
    const statuses: number[] = [];
    persister.addStatusListener((self, status) => {
      expect(self).toBe(persister);
      expect(persister.getStatus()).toBe(status);
      statuses.push(status);
    });
    expect(persister.getStatus()).toBe(IDLE);
    await persister.load();
    expect(statuses.splice(0)).toEqual([LOADING, IDLE]);
    await persister.save();
    expect(statuses.splice(0)).toEqual([SAVING, IDLE]);
    await persister.startAutoPersisting();
    expect(statuses.splice(0)).toEqual([LOADING, IDLE, SAVING, IDLE]);
  });

  test('is saving until the room has answered', async () => {
    const {store, persister} = createClient();
    await persister.startAutoPersisting([{}, {v: 1}]);
    await untilSynced(persister);
    const statuses: number[] = [];
    persister.addStatusListener((_, status) => statuses.push(status));
    store.setValue('v', 2);
    expect(persister.getStatus()).toBe(SAVING);
    store.setValue('v', 3);
    await untilSynced(persister);
    expect(statuses).toEqual([SAVING, IDLE]);
  });

  test('is told no more to a listener that is gone', async () => {
    const {persister} = createClient();
    const statuses: unknown[] = [];
    const states: unknown[] = [];
    const id = persister.addStatusListener((_, status) =>
      statuses.push(status),
    );
    const otherId = persister.addSyncStateListener((_, ...state) =>
      states.push(state),
    );
    expect(id).not.toBe(otherId);
    persister.delListener(id);
    await persister.startAutoPersisting([{}, {v: 1}]);
    await untilSynced(persister);
    expect(statuses).toEqual([]);
    expect(states.length).toBeGreaterThan(0);
    persister.delListener(otherId);
    const {length} = states;
    await persister.load();
    expect(states).toHaveLength(length);
  });
});

describe('the sync state', () => {
  test('goes from offline to synced, and by what is pending', async () => {
    const {store, persister} = createClient();
    const states: unknown[] = [];
    persister.addSyncStateListener((self, state, pendingCount) => {
      expect(self).toBe(persister);
      expect(persister.getSyncState()).toBe(state);
      expect(persister.getPendingCount()).toBe(pendingCount);
      states.push([state, pendingCount]);
    });
    expect(persister.getSyncState()).toBe('offline');
    await persister.startAutoPersisting([{}, {v: 1}]);
    await untilSynced(persister);
    expect(states.at(0)).toEqual(['syncing', 0]);
    expect(states.at(-1)).toEqual(['synced', 0]);
    states.splice(0);
    store.setValue('v', 2);
    store.setValue('v', 3);
    await untilSynced(persister);
    expect(states.slice(0, 2)).toEqual([
      ['syncing', 1],
      ['syncing', 2],
    ]);
    expect(states.at(-1)).toEqual(['synced', 0]);
    states.splice(0);
    persister.getConnection().close();
    expect(states).toEqual([['offline', 0]]);
    store.setValue('v', 4);
    expect(states.at(-1)).toEqual(['offline', 1]);
  });

  test('is told never twice the same', async () => {
    const {store, persister} = createClient();
    const states: string[] = [];
    persister.addSyncStateListener((_, ...state) => states.push(`${state}`));
    await persister.startAutoPersisting([{}, {v: 1}]);
    for (let i = 0; i < 10; i++) {
      store.setValue('v', i);
    }
    await untilSynced(persister);
    states.forEach((state, index) => expect(state).not.toBe(states[index + 1]));
  });
});

describe('actions that are scheduled', () => {
  test('happen one after the other', async () => {
    const {persister} = createClient();
    const order: string[] = [];
    const createAction = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`${name} ends`);
    };
    const first = persister.schedule(createAction('a'), createAction('b'));
    const loading = persister.load().then(() => order.push('load ends'));
    const last = persister.schedule(createAction('c'));
    await Promise.all([first, loading, last]);
    expect(order.filter((step) => step != 'load ends')).toEqual(
      ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
    expect(order.indexOf('load ends')).toBeGreaterThan(order.indexOf('b ends'));
  });

  test('go on when one has failed, and that is told', async () => {
    const {persister, errors} = createClient();
    const failure = new Error('An action of the app failed');
    const ran: number[] = [];
    await persister.schedule(
      () => Promise.reject(failure),
      async () => void ran.push(1),
      () => {
        throw failure;
      },
    );
    await persister.schedule(async () => void ran.push(2));
    expect(errors).toEqual([failure, failure]);
    expect(ran).toEqual([1, 2]);
  });
});

describe('onIgnoredError', () => {
  test('gets an unsuccessful response as it is', async () => {
    const {persister, errors} = createClient();
    vi.stubGlobal('fetch', async () => new Response('no', {status: 503}));
    await persister.load();
    await persister.save();
    expect(errors).toEqual([expect.any(Response), expect.any(Response)]);
    expect(errors[0].status).toBe(503);
    expect(await errors[0].text()).toBe('no');
  });

  test('gets what the network says', async () => {
    const {store, persister, errors} = createClient();
    const failure = new TypeError('fetch failed');
    vi.stubGlobal('fetch', () => Promise.reject(failure));
    await persister.startAutoPersisting([{}, {v: 1}]);
    expect(errors[0]).toBe(failure);
    expect(store.getValues()).toEqual({v: 1});
  });

  test('C5: gets a refusal as an Error', async () => {
    class Refusing extends TinyBasePartyKitServer {
      override canSetValue(valueId: string): boolean {
        return valueId != 'refused';
      }
    }
    const {store, persister, errors} = createClient(createFakeParty(Refusing));
    await persister.startAutoPersisting([{}, {v: 1}]);
    store.setValue('refused', 1);
    await expectSoon(() => expect(store.getValues()).toEqual({v: 1}));
    expect(errors).toEqual([expect.any(Error)]);
    expect(errors[0]).toMatchObject({
      name: 'RefusedError',
      message: expect.stringMatching(/rolled back/),
      changes: [[{}, {refused: 1}, 1]],
    });
  });

  test('may throw, or be missing', async () => {
    let calls = 0;
    const party = createFakeParty(TinyBasePartyKitServer);
    const {persister} = createClient(party, {
      onIgnoredError: () => {
        calls++;
        throw new Error('A handler of the app failed');
      },
    });
    vi.stubGlobal('fetch', async () => new Response('no', {status: 500}));
    await persister.load();
    expect(calls).toBe(1);
    const silent = createPartyKitPersister(createStore(), party.createSocket());
    await silent.load();
    await silent.destroy();
    vi.stubGlobal('fetch', party.fetch);
    await persister.startAutoPersisting([{}, {v: 1}]);
    await untilSynced(persister);
  });
});
