/**
 * The client of Socket.IO's tutorial: numbers what it sends, sends it again
 * until it is acknowledged, and asks for what came after the last message that
 * it has. There is no store: it keeps the Rows in a Map.
 */
import {io} from 'socket.io-client';
import type {Cell, ConnectPeer, Rows} from '../peer-client.js';

export const connectSocketIo: ConnectPeer = async ({peer, host, onCells}) => {
  const table = new Map<string, Map<string, Cell>>();
  const auth = {serverOffset: 0};
  const socket = io(`http://${host}`, {
    auth,
    // With retries, the next message waits for the last one's acknowledgement.
    ...(peer == 'socketIo' ? {ackTimeout: 10_000, retries: 3} : {}),
    // A connection of its own for each client of this process.
    forceNew: true,
  });
  socket.on('change', (text: string, serverOffset: number) => {
    auth.serverOffset = serverOffset;
    const cells: Cell[] = [];
    Object.entries(JSON.parse(text) as Rows).forEach(([rowId, row]) => {
      const known = table.get(rowId) ?? new Map<string, Cell>();
      table.set(rowId, known);
      Object.entries(row).forEach(([cellId, cell]) => {
        known.set(cellId, cell);
        cells.push(cell);
      });
    });
    onCells?.(cells);
  });
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));

  let count = 0;
  return {
    setRows: (rows) =>
      Object.entries(rows).forEach(([rowId, row]) =>
        socket.emit(
          'change',
          JSON.stringify({[rowId]: row}),
          `${socket.id}-${count++}`,
          // The tutorial has none, but then only retries hear of the answer.
          () => {},
        ),
      ),
    countRows: () => table.size,
    leave: () => void socket.disconnect(),
    comeBack: () => void socket.connect(),
  };
};
