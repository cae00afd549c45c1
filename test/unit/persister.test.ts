import {createMergeableStore, createStore} from 'tinybase';
import {createCustomPersister} from 'tinybase/persisters';
import {createPartyKitPersister} from 'tinybase-partykit/client';
import {TinyBasePartyKitServer} from 'tinybase-partykit/server';
import {afterEach, describe, expect, onTestFinished, test, vi} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {createFakeParty} from '../support/fake-party.js';
import {createScriptedSocket} from '../support/scripted-socket.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

const createClient = (
  party = createFakeParty(TinyBasePartyKitServer),
  store = createStore(),
) => {
  vi.stubGlobal('fetch', party.fetch);
  const socket = party.createSocket();
  const errors: any[] = [];
  const persister = createPartyKitPersister(store, socket, 'http', (error) =>
    errors.push(error),
  );
  onTestFinished(async () => void (await persister.destroy()));
  const getRoomContent = async () => {
    const text = await (await party.request('GET', '/store')).text();
    return text && JSON.parse(text);
  };
  return {party, store, socket, persister, errors, getRoomContent};
};

const untilSynced = ({persister}: ReturnType<typeof createClient>) =>
  expectSoon(() => expect(persister.getSyncState()).toBe('synced'));

describe('a persister', () => {
  test("has whatever TinyBase's own have, and more", () => {
    const store = createStore();
    const tinyBase = createCustomPersister(
      store,
      async () => undefined,
      async () => {},
      () => undefined,
      () => {},
    );
    const {persister, socket} = createClient(undefined, store);
    for (const [name, method] of Object.entries(tinyBase)) {
      expect([name, typeof (persister as any)[name]]).toEqual([
        name,
        typeof method,
      ]);
    }
    expect(persister.getStore()).toBe(store);
    expect(persister.getConnection()).toBe(socket);
    expect(Object.isFrozen(persister)).toBe(true);
  });

  test('resolves to itself, whatever it does', async () => {
    const {persister} = createClient();
    for (const promise of [
      persister.load(),
      persister.save(),
      persister.startAutoLoad(),
      persister.startAutoSave(),
      persister.stopAutoLoad(),
      persister.stopAutoSave(),
      persister.startAutoPersisting(),
      persister.stopAutoPersisting(),
      persister.schedule(async () => {}),
      persister.destroy(),
    ]) {
      expect(await promise).toBe(persister);
    }
    expect(persister.delListener('none')).toBe(persister);
  });

  test('knows what is automatic', async () => {
    const {persister} = createClient();
    const get = () => [persister.isAutoLoading(), persister.isAutoSaving()];
    expect(get()).toEqual([false, false]);
    await persister.startAutoLoad();
    expect(get()).toEqual([true, false]);
    await persister.startAutoSave();
    expect(get()).toEqual([true, true]);
    await persister.stopAutoLoad();
    expect(get()).toEqual([false, true]);
    await persister.startAutoPersisting();
    await persister.stopAutoPersisting();
    expect(get()).toEqual([false, false]);
  });

  test('starts with the initial content, which the room keeps', async () => {
    const client = createClient();
    await client.persister.startAutoPersisting([{t: {r: {c: [1]}}}, {v: 1}]);
    expect(client.store.getContent()).toEqual([{t: {r: {c: [1]}}}, {v: 1}]);
    await untilSynced(client);
    expect(await client.getRoomContent()).toEqual([
      {t: {r: {c: '\uFFFD[1]'}}},
      {v: 1},
    ]);
    const other = createClient(client.party);
    await other.persister.startAutoPersisting([{}, {v: 'other'}]);
    expect(other.store.getContent()).toEqual(client.store.getContent());
  });

  test('starts with what a function gives', async () => {
    const {store, persister} = createClient();
    await persister.startAutoPersisting(() => [{}, {v: 1}]);
    expect(store.getValues()).toEqual({v: 1});
  });

  test('loads once, and saves once', async () => {
    const {party, store, persister, getRoomContent} = createClient();
    store.setValue('v', 1);
    await persister.save();
    expect(await getRoomContent()).toEqual([{}, {v: 1}]);
    const other = createClient(party);
    await other.persister.load();
    expect(other.store.getValues()).toEqual({v: 1});
    store.setValue('v', 2);
    await persister.load();
    expect(store.getValues()).toEqual({v: 1});
  });

  test('only loads what changes', async () => {
    const {party, store, persister} = createClient();
    await persister.startAutoLoad([{}, {v: 1}]);
    store.setValue('local', 1);
    expect(persister.getPendingCount()).toBe(0);
    const other = createClient(party);
    await other.persister.startAutoPersisting([{}, {v: 2}]);
    other.store.setValue('w', 1);
    await expectSoon(() =>
      expect(store.getValues()).toMatchObject({v: 2, w: 1}),
    );
  });

  test('only saves what changes', async () => {
    const {party, store, persister, getRoomContent} = createClient();
    await persister.startAutoSave();
    store.setValue('v', 1);
    const other = createClient(party);
    await other.persister.startAutoPersisting();
    other.store.setValue('w', 1);
    await expectSoon(async () =>
      expect(await getRoomContent()).toEqual([{}, {v: 1, w: 1}]),
    );
    expect(store.getValues()).toEqual({v: 1});
  });

  test('counts what it loads and saves', async () => {
    const client = createClient();
    const {store, persister} = client;
    expect(persister.getStats()).toEqual({loads: 0, saves: 0});
    await persister.load();
    await persister.save();
    expect(persister.getStats()).toEqual({loads: 1, saves: 1});
    await persister.startAutoPersisting();
    await untilSynced(client);
    const {saves} = persister.getStats();
    store.setValue('v', 1).setValue('v', 2);
    expect(persister.getStats().saves).toBe(saves + 2);
  });

  test('keeps the content of a MergeableStore, not its metadata', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    const a = createClient(party, createMergeableStore('a'));
    const b = createClient(party, createMergeableStore('b'));
    await a.persister.startAutoPersisting([{t: {r: {c: 1, e: 1}}}, {}]);
    await b.persister.startAutoPersisting();
    b.store.setCell('t', 'r', 'd', {x: 1}).setValue('v', null);
    a.store.delCell('t', 'r', 'c');
    await expectSoon(() =>
      expect(a.store.getContent()).toEqual([
        {t: {r: {d: {x: 1}, e: 1}}},
        {v: null},
      ]),
    );
    expect(b.store.getContent()).toEqual(a.store.getContent());
    expect(await a.getRoomContent()).toEqual([
      {t: {r: {d: '\uFFFD{"x":1}', e: 1}}},
      {v: null},
    ]);
  });

  test('is stopped while it starts, and stays so', async () => {
    const {party, store, persister, getRoomContent} = createClient();
    await party.request('PUT', '/store', '[{},{"room":1}]');
    const starting = persister.startAutoPersisting();
    await persister.stopAutoPersisting();
    await starting;
    expect([persister.isAutoLoading(), persister.isAutoSaving()]).toEqual([
      false,
      false,
    ]);
    store.setValue('late', 1);
    const other = createClient(party);
    await other.persister.startAutoPersisting();
    other.store.setValue('other', 1);
    await expectSoon(async () =>
      expect(await getRoomContent()).toEqual([{}, {room: 1, other: 1}]),
    );
    expect(store.getValue('other')).toBe(undefined);
  });

  test('C4: sends what was written before it was stopped', async () => {
    const client = createClient();
    const {store, persister, getRoomContent} = client;
    await persister.startAutoPersisting([{}, {}]);
    await untilSynced(client);
    store.setValue('v', 1);
    await persister.stopAutoPersisting();
    store.setValue('late', 1);
    await expectSoon(async () =>
      expect(await getRoomContent()).toEqual([{}, {v: 1}]),
    );
  });

  test('starts again after it was stopped', async () => {
    const {party, store, persister} = createClient();
    await persister.startAutoPersisting([{}, {v: 1}]);
    await persister.stopAutoPersisting();
    const other = createClient(party);
    await other.persister.startAutoPersisting();
    other.store.setValue('v', 2);
    await untilSynced(other);
    await persister.startAutoPersisting();
    expect(store.getValues()).toEqual({v: 2});
    store.setValue('v', 3);
    await expectSoon(() => expect(other.store.getValues()).toEqual({v: 3}));
  });

  test('C7: tells what was pending when it is destroyed', async () => {
    const client = createClient();
    const {store, socket, persister, errors} = client;
    await persister.startAutoPersisting([{}, {v: 1}]);
    await untilSynced(client);
    socket.close();
    store.setValue('v', 2).setValue('w', 3);
    await persister.destroy();
    expect(errors).toEqual([expect.any(Error)]);
    expect(errors[0]).toMatchObject({
      name: 'LostError',
      changes: [
        [{}, {v: 2}, 1],
        [{}, {w: 3}, 1],
      ],
    });
    expect(persister.getPendingCount()).toBe(0);
  });

  test('gives way to another on the same PartySocket', async () => {
    const client = createClient();
    const {party, store, socket, persister, errors} = client;
    await persister.startAutoPersisting([{}, {v: 1}]);
    await untilSynced(client);
    const other = createStore();
    const second = createPartyKitPersister(other, socket, 'http');
    onTestFinished(async () => void (await second.destroy()));
    await second.startAutoPersisting();
    expect(errors).toMatchObject([{name: 'ReplacedError', changes: []}]);
    expect(persister.getSyncState()).toBe('offline');
    other.setValue('v', 2);
    store.setValue('w', 1);
    const third = createClient(party);
    await third.persister.startAutoPersisting();
    await expectSoon(() => expect(third.store.getValues()).toEqual({v: 2}));
    expect(store.getValues()).toEqual({v: 1, w: 1});
  });

  test('shares a PartySocket with one of another prefix', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    const client = createClient(party);
    await client.persister.startAutoPersisting([{}, {v: 1}]);
    const second = createPartyKitPersister(createStore(), client.socket, {
      messagePrefix: 'other/',
      storeProtocol: 'http',
    });
    await second.startAutoSave();
    client.store.setValue('v', 2);
    await untilSynced(client);
    expect(await client.getRoomContent()).toEqual([{}, {v: 2}]);
    expect(client.errors).toEqual([]);
    await second.destroy();
  });

  test('does nothing any more when it is destroyed', async () => {
    const socket = createScriptedSocket();
    const store = createStore();
    const errors: unknown[] = [];
    const statuses: unknown[] = [];
    const persister = createPartyKitPersister(
      store,
      socket.connection,
      {},
      (e) => errors.push(e),
    );
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    persister.addStatusListener((_, status) => statuses.push(status));
    socket.open();
    const starting = persister.startAutoPersisting([{}, {v: 1}]);
    await persister.destroy();
    await starting;
    const {length} = statuses;
    expect(socket.getListenerCount()).toBe(0);
    expect(store.getListenerStats().transaction).toBe(0);
    store.setValue('late', 1);
    const ran: unknown[] = [];
    await persister.schedule(async () => void ran.push(1));
    await persister.load();
    await persister.save();
    expect([ran, errors, socket.sent.slice(1)]).toEqual([[], [], []]);
    expect(statuses.length).toBe(length);
    expect(persister.isAutoLoading()).toBe(false);
    expect(persister.getSyncState()).toBe('offline');
  });
});
