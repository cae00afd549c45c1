import type {Connection, Party, Request} from 'partykit/server';
import {createStore, type Store} from 'tinybase';
import {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
  type WebhookConfig,
} from 'tinybase-partykit/server';

const WEBHOOKS: WebhookConfig[] = [];

export default class Room extends TinyBasePartyKitServer {
  readonly config: TinyBasePartyKitServerConfig = {
    storePath: '/store',
    messagePrefix: 'tb',
    storagePrefix: 'tb_',
    responseHeaders: {'Access-Control-Allow-Origin': '*'},
    webhooks: WEBHOOKS,
  };

  constructor(readonly party: Party) {
    super(party);
  }

  createStore(): Store {
    return createStore().setTablesSchema({pets: {sold: {type: 'boolean'}}});
  }

  async canSetCell(
    tableId: string,
    _rowId: string,
    _cellId: string,
    cell: unknown,
    initialSave: boolean,
  ): Promise<boolean> {
    return initialSave || (tableId === 'pets' && cell != null);
  }

  async onRequest(request: Request): Promise<Response> {
    return request.method === 'DELETE'
      ? new Response(null, {status: 405})
      : await super.onRequest(request);
  }

  async onMessage(message: string, connection: Connection): Promise<void> {
    await super.onMessage(message, connection);
    this.getStore().setCell('pets', 'fido', 'sold', true);
  }

  async inspect(): Promise<unknown> {
    const {storage} = this.party;
    await broadcastChanges(this, [{pets: {fido: undefined}}, {}, 1], ['id']);
    return (await hasStoreInStorage(storage, 'tb_'))
      ? await loadStoreFromStorage(storage, 'tb_')
      : null;
  }
}
