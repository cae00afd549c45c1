import {PartySocket, type PartySocketOptions} from 'partysocket';
import {WebSocket} from 'ws';

/**
 * Creates a PartySocket which works in Node 20, where there is no global
 * WebSocket, and which reconnects fast enough for a test.
 */
export const createNodeSocket = (options: PartySocketOptions): PartySocket =>
  new PartySocket({
    WebSocket,
    minReconnectionDelay: 20,
    maxReconnectionDelay: 200,
    ...options,
  });
