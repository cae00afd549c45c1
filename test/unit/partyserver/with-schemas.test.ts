/** What the compiler makes of classes on partyserver, and of their schemas. */
import {
  createStore,
  type Content,
  type NoValuesSchema,
  type Store,
} from 'tinybase/with-schemas';
import type {Store as PlainStore} from 'tinybase';
import * as partyserver from 'tinybase-partykit/partyserver';
import {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBaseServer,
} from 'tinybase-partykit/partyserver/with-schemas';
import * as withSchemas from 'tinybase-partykit/partyserver/with-schemas';
import {expect, expectTypeOf, test} from 'vitest';
import {createFakeDurableObject} from '../../support/fake-durable-object.js';

const tablesSchema = {pets: {sold: {type: 'boolean'}}} as const;

type Schemas = [typeof tablesSchema, NoValuesSchema];
type Env = {GREETING: string; ROOM: DurableObjectNamespace<PetShop>};

class PetShop extends TinyBaseServer<Env, Schemas, {owner: string}> {
  override createStore() {
    return createStore().setTablesSchema(tablesSchema);
  }

  override async onStart(props?: {owner: string}): Promise<void> {
    expectTypeOf(this.env.GREETING).toEqualTypeOf<string>();
    expectTypeOf(this.ctx.storage).toEqualTypeOf<DurableObjectStorage>();
    await super.onStart(props);
  }

  sell(petId: string): void {
    this.getStore().setCell('pets', petId, 'sold', true);
    // @ts-expect-error the schema has no such Table
    this.getStore().setCell('cars', petId, 'sold', true);
  }
}

test('a room knows the schemas of its Store', async () => {
  const {server: room, storage} = createFakeDurableObject(PetShop);
  expectTypeOf(room.getStore).returns.toEqualTypeOf<Store<Schemas>>();
  expectTypeOf<
    ReturnType<partyserver.TinyBaseServer['getStore']>
  >().toEqualTypeOf<PlainStore>();
  const load = () => loadStoreFromStorage<Schemas>(storage as any);
  expectTypeOf(load).returns.resolves.toEqualTypeOf<Content<Schemas>>();
  expect(await hasStoreInStorage(storage as any)).toBe(false);

  await broadcastChanges<Schemas>(room, [{pets: {fido: {sold: false}}}, {}, 1]);
  // @ts-expect-error the schema has no such Table
  const broadcast = () => broadcastChanges<Schemas>(room, [{cars: {}}, {}, 1]);
  void broadcast;
  expect(await load()).toEqual([{pets: {fido: {sold: false}}}, {}]);
});

test('both flavours have the same members', () => {
  expect(Object.keys(withSchemas).sort()).toEqual(
    Object.keys(partyserver).sort(),
  );
  class Room extends TinyBaseServer {}
  expect(createFakeDurableObject(Room).server).toBeInstanceOf(
    partyserver.TinyBaseServer,
  );
});
