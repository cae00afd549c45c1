/** A limit: reads what is PUT as JSON, and stores the text as it came. */
import type * as Party from 'partykit/server';

const MAX_PIECE_BYTES = 130_000;

export default class implements Party.Server {
  readonly options = {hibernate: true};

  constructor(readonly room: Party.Room) {}

  async onRequest(request: Party.Request): Promise<Response> {
    const text = await request.text();
    const isArray = Array.isArray(JSON.parse(text));
    const bytes = new TextEncoder().encode(text);
    const pieces: {[key: string]: Uint8Array} = {};
    for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) {
      pieces[`piece${at}`] = bytes.slice(at, at + MAX_PIECE_BYTES);
    }
    await this.room.storage.put(pieces);
    return new Response(null, {status: isArray ? 201 : 400});
  }
}
