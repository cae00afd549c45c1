import type {Party} from 'partykit/server';
import type {NoValuesSchema} from 'tinybase/with-schemas';
import {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from 'tinybase-partykit/server/with-schemas';

const tablesSchema = {pets: {sold: {type: 'boolean'}}} as const;

type Schemas = [typeof tablesSchema, NoValuesSchema];

export default class Room extends TinyBasePartyKitServer {
  constructor(readonly party: Party) {
    super(party);
  }

  async isSold(): Promise<boolean | undefined> {
    const {storage} = this.party;
    if (!(await hasStoreInStorage(storage))) {
      return undefined;
    }
    const [tables] = await loadStoreFromStorage<Schemas>(storage);
    // @ts-expect-error the schema has no such Table
    void tables.cars;
    return tables.pets?.fido?.sold;
  }

  async sell(): Promise<void> {
    const sold = {fido: {sold: true}};
    await broadcastChanges<Schemas>(this, [{pets: sold}, {}, 1]);
    // @ts-expect-error the schema has no such Table
    await broadcastChanges<Schemas>(this, [{cars: sold}, {}, 1]);
  }
}
