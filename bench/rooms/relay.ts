/** A limit: sends each message on, and stores nothing. */
import type * as Party from 'partykit/server';

export default class implements Party.Server {
  readonly options = {hibernate: true};

  constructor(readonly room: Party.Room) {}

  onMessage(message: string, sender: Party.Connection): void {
    this.room.broadcast(message, [sender.id]);
  }
}
