import type * as Party from 'partykit/server';
import {TinyBasePartyKitServer} from '../../src/server/index.js';

export default class extends TinyBasePartyKitServer {
  override readonly config = {historyLimit: 10_000_000};

  // The present is for everyone, the past for who has the token.
  static onBeforeRequest(request: Party.Request): Party.Request | Response {
    const query = new URL(request.url).searchParams;
    const isOfPast = query.has('since') || query.has('at');
    return isOfPast && query.get('token') != 'secret'
      ? new Response('Forbidden', {status: 403})
      : request;
  }
}
