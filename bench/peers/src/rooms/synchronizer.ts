/**
 * TinyBase's own server of MergeableStores, with the quickest of the three ways
 * to store them that its documentation offers: JSON in SQLite writes all of it
 * for each change, and takes no more than two megabytes, fragments in SQLite
 * are a little slower.
 */
import {createMergeableStore} from 'tinybase';
import {createDurableObjectStoragePersister} from 'tinybase/persisters/persister-durable-object-storage';
import {
  getWsServerDurableObjectFetch,
  WsServerDurableObject,
} from 'tinybase/synchronizers/synchronizer-ws-server-durable-object';

export class Room extends WsServerDurableObject {
  override createPersister() {
    return createDurableObjectStoragePersister(
      createMergeableStore(),
      this.ctx.storage,
    );
  }
}

export default {fetch: getWsServerDurableObjectFetch('Rooms')};
