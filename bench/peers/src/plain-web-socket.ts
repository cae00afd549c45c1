/** A WebSocket that does not compress: no peer's server does. */
import {WebSocket} from 'ws';

export class PlainWebSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols, {perMessageDeflate: false});
  }
}
