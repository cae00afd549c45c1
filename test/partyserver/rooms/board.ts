/** A board of notes, as an app for partyserver has it: everyone has their own. */
import {
  type Connection,
  type ConnectionContext,
  getServerByName,
  routePartykitRequest,
  type WSMessage,
} from 'partyserver';
import {
  broadcastChanges,
  TinyBaseServer,
  type TinyBaseServerConfig,
} from 'tinybase-partykit/partyserver';

type Env = {
  Board: DurableObjectNamespace<Board>;
  /** By their tokens. */
  USERS: Record<string, string>;
  WEBHOOK_URL: string;
  WEBHOOK_SECRET: string;
};

type Who = Request | Connection<{user: string}>;

const USER_HEADER = 'x-user';
const REMIND_AFTER_MS = 1_000;

const getUser = (who: Who): string | undefined =>
  'headers' in who
    ? (who.headers.get(USER_HEADER) ?? undefined)
    : who.state?.user;

export class Board extends TinyBaseServer<Env> {
  override readonly config: TinyBaseServerConfig = {
    allowPatch: true,
    historyLimit: 1_000_000,
    webhooks: {
      url: this.env.WEBHOOK_URL,
      secret: this.env.WEBHOOK_SECRET,
      include: 'changes',
      throttleMs: 0,
    },
  };

  override async onStart() {
    const {storage} = this.ctx;
    await storage.put(
      'starts',
      ((await storage.get<number>('starts')) ?? 0) + 1,
    );
  }

  override onConnect(
    connection: Connection<{user: string}>,
    {request}: ConnectionContext,
  ) {
    connection.setState({user: getUser(request)!});
  }

  override async onMessage(connection: Connection, message: WSMessage) {
    if (message == 'who am I?') {
      connection.send(`you are ${getUser(connection as Who)} in ${this.name}`);
    } else {
      await super.onMessage(connection, message);
    }
  }

  override async onRequest(request: Request): Promise<Response> {
    const {pathname} = new URL(request.url);
    if (pathname.endsWith('/remind')) {
      await this.ctx.storage.setAlarm(Date.now() + REMIND_AFTER_MS);
      return new Response();
    }
    if (pathname.endsWith('/starts')) {
      return Response.json(await this.ctx.storage.get('starts'));
    }
    return await super.onRequest(request);
  }

  override onAlarm() {
    const reminders = this.getStore().getValue('reminders') ?? 0;
    this.getStore().setValue('reminders', Number(reminders) + 1);
  }

  override canSetRow(tableId: string, rowId: string, _: boolean, who: Who) {
    return tableId != 'notes' || rowId == getUser(who);
  }

  override canDelRow(tableId: string, rowId: string, who: Who) {
    return tableId != 'notes' || rowId == getUser(who);
  }

  override getAuthor(who: Who) {
    return getUser(who);
  }

  /** Called by the Worker. */
  async announce(text: string): Promise<void> {
    await broadcastChanges(this, [{}, {announcement: text}, 1]);
  }
}

export default {
  async fetch(request, env) {
    /** Lets in who has a token, and tells the room who it is. */
    const admit = (request: Request): Request | Response => {
      const token = new URL(request.url).searchParams.get('token') ?? '';
      const user = env.USERS[token];
      if (!user) {
        return new Response('Unauthorized', {status: 401});
      }
      request.headers.set(USER_HEADER, user);
      return request;
    };

    const {pathname, searchParams} = new URL(request.url);
    if (pathname == '/announce') {
      const board = await getServerByName(env.Board, searchParams.get('room')!);
      await board.announce(searchParams.get('text')!);
      return new Response();
    }
    return (
      (await routePartykitRequest(request, env, {
        onBeforeConnect: admit,
        onBeforeRequest: admit,
      })) ?? new Response('Not found', {status: 404})
    );
  },
} satisfies ExportedHandler<Env>;
