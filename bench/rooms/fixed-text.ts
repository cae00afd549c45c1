/** A limit: keeps the text that was PUT last in memory, and answers with it. */
import type * as Party from 'partykit/server';

export default class implements Party.Server {
  readonly options = {hibernate: true};
  #text = '';

  constructor(readonly room: Party.Room) {}

  async onRequest(request: Party.Request): Promise<Response> {
    if (request.method == 'PUT') {
      this.#text = await request.text();
      return new Response(null, {status: 201});
    }
    return new Response(this.#text);
  }
}
