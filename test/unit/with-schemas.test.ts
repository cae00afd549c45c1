/** What the compiler makes of schemas; `npm run check` is what runs it. */
import type {PartySocket} from 'partysocket';
import {
  createStore,
  type Content,
  type NoValuesSchema,
  type Store,
} from 'tinybase/with-schemas';
import * as client from 'tinybase-partykit/client';
import {
  createPartyKitPersister,
  type PartyKitPersister,
} from 'tinybase-partykit/client/with-schemas';
import * as server from 'tinybase-partykit/server';
import {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from 'tinybase-partykit/server/with-schemas';
import * as withSchemas from 'tinybase-partykit/server/with-schemas';
import {afterEach, expect, expectTypeOf, test, vi} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {createFakeParty} from '../support/fake-party.js';

const tablesSchema = {
  pets: {
    species: {type: 'string'},
    sold: {type: 'boolean', default: false},
  },
} as const;
const valuesSchema = {open: {type: 'boolean', default: true}} as const;

type Schemas = [typeof tablesSchema, typeof valuesSchema];

class PetShop extends TinyBasePartyKitServer<Schemas> {
  override createStore() {
    return createStore().setSchema(tablesSchema, valuesSchema);
  }

  sell(petId: string): void {
    this.getStore().setCell('pets', petId, 'sold', true);
    // @ts-expect-error the schema has no such Table
    this.getStore().setCell('cars', petId, 'sold', true);
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const createClient = (socket: PartySocket) => {
  const store = createStore().setSchema(tablesSchema, valuesSchema);
  return {store, persister: createPartyKitPersister(store, socket, 'http')};
};

test('a persister has the schemas of its Store', async () => {
  const party = createFakeParty(PetShop);
  vi.stubGlobal('fetch', party.fetch);
  const {store, persister} = createClient(party.createSocket());
  expectTypeOf(persister).toEqualTypeOf<PartyKitPersister<Schemas>>();
  expectTypeOf(persister.getStore()).toEqualTypeOf<Store<Schemas>>();
  expectTypeOf(persister.getConnection()).toEqualTypeOf<PartySocket>();
  expectTypeOf(persister.load)
    .parameter(0)
    .exclude<undefined>()
    .exclude<() => unknown>()
    .toEqualTypeOf<Content<Schemas, true>>();

  await persister.startAutoPersisting([{pets: {fido: {species: 'dog'}}}, {}]);
  // @ts-expect-error the schema has no such Table
  const mistake: Parameters<typeof persister.load>[0] = [{cars: {}}, {}];
  void mistake;
  persister.addSyncStateListener((self, state, pendingCount) => {
    expectTypeOf(self.getStore()).toEqualTypeOf<Store<Schemas>>();
    expectTypeOf(state).toEqualTypeOf<'offline' | 'syncing' | 'synced'>();
    expectTypeOf(pendingCount).toEqualTypeOf<number>();
  });
  persister.addStatusListener((self) =>
    expectTypeOf(self.getStore()).toEqualTypeOf<Store<Schemas>>(),
  );

  await expectSoon(() => expect(persister.getSyncState()).toBe('synced'));
  party.server.sell('fido');
  await expectSoon(() =>
    expect(store.getCell('pets', 'fido', 'sold')).toBe(true),
  );
  expectTypeOf(store.getCell('pets', 'fido', 'sold')).toEqualTypeOf<boolean>();
  await persister.destroy();
});

test('a room knows the schemas of its Store', async () => {
  const party = createFakeParty(PetShop);
  const {server: room, storage} = party;
  expectTypeOf(room.getStore).returns.toEqualTypeOf<Store<Schemas>>();
  expectTypeOf(room.getAuthor).returns.toEqualTypeOf<
    string | undefined | Promise<string | undefined>
  >();
  const load = () => loadStoreFromStorage<Schemas>(storage as any);
  expectTypeOf(load).returns.resolves.toEqualTypeOf<Content<Schemas>>();
  expect(await hasStoreInStorage(storage as any)).toBe(false);

  await broadcastChanges<Schemas>(room, [
    {pets: {fido: {species: 'dog'}}},
    {open: false},
    1,
  ]);
  // @ts-expect-error the schema has no such Table
  const broadcast = () => broadcastChanges<Schemas>(room, [{cars: {}}, {}, 1]);
  void broadcast;
  expect(await hasStoreInStorage(storage as any)).toBe(true);
  expect(await load()).toEqual([
    {pets: {fido: {species: 'dog', sold: false}}},
    {open: false},
  ]);
});

test('a room needs no schemas to be typed with them', () => {
  class Room extends TinyBasePartyKitServer {}
  const {server: room} = createFakeParty(Room);
  expect(room).toBeInstanceOf(server.TinyBasePartyKitServer);
  class OneSchema extends TinyBasePartyKitServer<
    [typeof tablesSchema, NoValuesSchema]
  > {
    override createStore() {
      return createStore().setTablesSchema(tablesSchema);
    }
  }
  expect(
    createFakeParty(OneSchema).server.createStore().hasTablesSchema(),
  ).toBe(true);
});

test('both flavours have the same members', () => {
  expect(Object.keys(withSchemas).sort()).toEqual(Object.keys(server).sort());
  expect(createPartyKitPersister).toBe(client.createPartyKitPersister);
});
