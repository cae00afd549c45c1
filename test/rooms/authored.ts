/** A room that says whose doing a commit is: by the id of the connection. */
import type * as Party from 'partykit/server';
import {TinyBasePartyKitServer} from '../../src/server/index.js';

export default class extends TinyBasePartyKitServer {
  override readonly config = {historyLimit: 10_000_000};

  override getAuthor(
    who: Party.Request | Party.Connection,
  ): string | undefined {
    return 'headers' in who ? undefined : who.id;
  }
}
