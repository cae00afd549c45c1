/** A limit: answers a GET with a text of `?length=`, and reads what is PUT. */
import type * as Party from 'partykit/server';

export default class implements Party.Server {
  readonly options = {hibernate: true};
  #text = '';

  constructor(readonly room: Party.Room) {}

  async onRequest(request: Party.Request): Promise<Response> {
    if (request.method == 'PUT') {
      await request.text();
      return new Response(null, {status: 201});
    }
    const length = +(new URL(request.url).searchParams.get('length') ?? 0);
    if (this.#text.length != length) {
      this.#text = 'x'.repeat(length);
    }
    return new Response(this.#text);
  }
}
