/** Answers what it gets, and counts it durably: proves the harness itself. */
import {type Connection, routePartykitRequest, Server} from 'partyserver';

type Env = {greeting?: string};

export class Echo extends Server<Env> {
  static override options = {hibernate: true};
  /** Another one after it has slept. */
  readonly #instance = crypto.randomUUID();

  override async onRequest(request: Request): Promise<Response> {
    const {storage} = this.ctx;
    const {searchParams} = new URL(request.url);
    const bytes = searchParams.get('put');
    if (bytes) {
      await storage.put('big', 'x'.repeat(Number(bytes)));
    }
    const ms = searchParams.get('alarm');
    if (ms) {
      await storage.setAlarm(Date.now() + Number(ms));
    }
    return Response.json({
      count: (await storage.get<number>('count')) ?? 0,
      rings: (await storage.get<number>('rings')) ?? 0,
      greeting: this.env.greeting ?? null,
      instance: this.#instance,
    });
  }

  override async onMessage(connection: Connection, message: string) {
    await this.#add('count');
    console.log(`${this.name} heard ${message}`);
    connection.send(`echo ${message}`);
  }

  override async onAlarm() {
    await this.#add('rings');
    console.log(`${this.name} rings`);
  }

  async #add(key: string): Promise<void> {
    const count = (await this.ctx.storage.get<number>(key)) ?? 0;
    await this.ctx.storage.put(key, count + 1);
  }
}

export default {
  fetch: async (request, env) =>
    (await routePartykitRequest(request, env)) ??
    new Response(null, {status: 404}),
} satisfies ExportedHandler<Env>;
