import type {PartySocket} from 'partysocket';
import type {Persister} from 'tinybase/persisters/with-schemas';
import type {OptionalSchemas, Store} from 'tinybase/with-schemas';
import {createPartyKitPersister as create} from '../persister.js';
import type {
  PartyKitPersisterConfig,
  PartyKitPersisterMethods,
} from '../types.js';

export type {ChangesError} from '../errors.js';
export type {SyncState} from '../session.js';
export type {PartyKitPersisterConfig, SyncStateListener} from '../types.js';

/** A Persister of a regular Store, with its schemas, to a PartyKit room. */
export interface PartyKitPersister<Schemas extends OptionalSchemas>
  extends Persister<Schemas>, PartyKitPersisterMethods {}

/** As `createPartyKitPersister` of `tinybase-partykit/client`, with schemas. */
export const createPartyKitPersister = create as unknown as <
  Schemas extends OptionalSchemas,
>(
  store: Store<Schemas>,
  connection: PartySocket,
  configOrStoreProtocol?: PartyKitPersisterConfig | 'http' | 'https',
  onIgnoredError?: (error: any) => void,
) => PartyKitPersister<Schemas>;
