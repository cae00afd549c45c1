import type {PartySocket} from 'partysocket';
import {createStore, type NoValuesSchema} from 'tinybase/with-schemas';
import {
  createPartyKitPersister,
  type PartyKitPersister,
} from 'tinybase-partykit/client/with-schemas';

const tablesSchema = {
  pets: {species: {type: 'string'}, sold: {type: 'boolean', default: false}},
} as const;

type Schemas = [typeof tablesSchema, NoValuesSchema];

export const connect = async (
  socket: PartySocket,
): Promise<PartyKitPersister<Schemas>> => {
  const store = createStore().setTablesSchema(tablesSchema);
  const persister = createPartyKitPersister(store, socket, {
    storePath: '/pets',
  });
  const isPuppy: boolean = persister.getStore().getCell('pets', 'fido', 'sold');
  await persister.startAutoPersisting([{pets: {fido: {sold: isPuppy}}}, {}]);
  // @ts-expect-error the schema has no such Table
  await persister.load([{cars: {}}, {}]);
  return persister;
};
