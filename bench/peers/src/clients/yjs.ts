/** A Y.Doc with a Y.Map of Y.Maps, by the provider of one of the two servers. */
import YPartyKit from 'y-partykit/provider';
import YPartyServerProvider from 'y-partyserver/provider';
import {Doc, Map as YMap} from 'yjs';
import {type Cell, type ConnectPeer, ROOM, TABLE} from '../peer-client.js';
import {PlainWebSocket} from '../plain-web-socket.js';

// Its types are those of CommonJS, its module is not.
const YPartyKitProvider = YPartyKit as unknown as typeof YPartyServerProvider;

type Row = YMap<Cell>;

export const connectYjs: ConnectPeer = async ({peer, host, onCells}) => {
  const doc = new Doc();
  const table = doc.getMap<Row>(TABLE);
  if (onCells) {
    table.observeDeep((events) =>
      onCells(
        events.flatMap(({target, keys}) =>
          [...keys.keys()].flatMap((key) =>
            target === table
              ? [...(table.get(key)?.values() ?? [])]
              : [(target as Row).get(key)],
          ),
        ),
      ),
    );
  }
  const [Provider, party] =
    peer == 'yPartyKit'
      ? [YPartyKitProvider, 'main']
      : [YPartyServerProvider, 'rooms'];
  const provider = new Provider(host, ROOM, doc, {
    party,
    WebSocketPolyfill: PlainWebSocket as unknown as typeof WebSocket,
    // Clients of one process would hear of each other without the server.
    disableBc: true,
  });
  await new Promise<void>((resolve) =>
    provider.once('synced', () => resolve()),
  );
  return {
    setRows: (rows) =>
      doc.transact(() =>
        Object.entries(rows).forEach(([rowId, cells]) => {
          const row = table.get(rowId) ?? table.set(rowId, new YMap<Cell>());
          Object.entries(cells).forEach(([cellId, cell]) =>
            row.set(cellId, cell),
          );
        }),
      ),
    countRows: () => table.size,
    leave: () => {
      const socket = provider.ws as unknown as PlainWebSocket;
      provider.disconnect();
      // The provider connects again only once this one is closed, for which a
      // Durable Object may let it wait half a minute.
      socket.terminate();
    },
    comeBack: () => void provider.connect(),
  };
};
