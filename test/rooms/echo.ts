import type * as Party from 'partykit/server';

/** Answers what it gets, and counts it durably: proves the harness itself. */
export default class EchoRoom implements Party.Server {
  readonly options = {hibernate: true};

  constructor(readonly party: Party.Room) {}

  async onRequest(): Promise<Response> {
    const count = (await this.party.storage.get<number>('count')) ?? 0;
    return Response.json({count, greeting: this.party.env.greeting ?? null});
  }

  async onMessage(
    message: string | ArrayBuffer | ArrayBufferView,
    connection: Party.Connection,
  ): Promise<void> {
    const count = (await this.party.storage.get<number>('count')) ?? 0;
    await this.party.storage.put('count', count + 1);
    connection.send(`echo ${String(message)}`);
  }
}
