/** A limit: puts each message under a key of its own, then sends it on. */
import type * as Party from 'partykit/server';

export default class implements Party.Server {
  readonly options = {hibernate: true};
  #last = 0;

  constructor(readonly room: Party.Room) {}

  async onMessage(message: string, sender: Party.Connection): Promise<void> {
    await this.room.storage.put(`m${++this.#last}`, message);
    this.room.broadcast(message, [sender.id]);
  }
}
