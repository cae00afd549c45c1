/** A server whose room has to be fetched first: what runs meanwhile, and after. */
import {
  TinyBaseServer,
  type TinyBaseServerConfig,
} from 'tinybase-partykit/partyserver';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {createFakeDurableObject} from '../../support/fake-durable-object.js';

const ARCHIVE = [
  {
    format: 'tinybase-partykit/archive',
    version: 1,
    moves: 0,
    isArriving: false,
    epoch: '',
    offset: 0,
  },
  {count: 0},
];

let answer: (response: Response) => void;
let asked: Promise<void>;

beforeEach(() => {
  asked = new Promise((resolve) => {
    vi.stubGlobal('fetch', () => {
      resolve();
      return new Promise<Response>((give) => {
        answer = give;
      });
    });
  });
});

afterEach(() => vi.unstubAllGlobals());

const log: string[] = [];

class Moving extends TinyBaseServer {
  override readonly config: TinyBaseServerConfig = {
    moveFrom: {
      url: 'http://old/parties/main',
      secret: '0123456789abcdef0123456789abcdef',
    },
  };

  override async onStart(): Promise<void> {
    log.push('starts');
    await new Promise((resolve) => setTimeout(resolve));
    this.getStore().setValue('started', true);
    log.push('has started');
  }

  override onAlarm(): void {}

  override async onRequest(request: Request): Promise<Response> {
    log.push('is asked');
    return await super.onRequest(request);
  }

  override onException(error: unknown): void {
    log.push(String(error));
  }
}

class Failing extends Moving {
  override async onStart(): Promise<void> {
    throw new Error('no start');
  }
}

const giveArchive = () =>
  answer(
    new Response(ARCHIVE.map((line) => `${JSON.stringify(line)}\n`).join('')),
  );

/** A request has the room fetched, and an alarm has the server start meanwhile. */
const visit = async (Room: typeof Moving): Promise<Response> => {
  log.length = 0;
  const room = createFakeDurableObject(Room);
  const response = room.request('GET', '/store');
  await asked;
  const ringing = room.ring();
  await new Promise((resolve) => setTimeout(resolve));
  giveArchive();
  await ringing;
  return await response;
};

test('onStart runs when the room is there, before anything else', async () => {
  const response = await visit(Moving);
  expect(await response.json()).toEqual([{}, {started: true}]);
  expect(log).toEqual(['starts', 'has started', 'is asked']);
});

test('what a late onStart throws is given to onException', async () => {
  const response = await visit(Failing);
  expect(response.status).toBe(200);
  expect(log).toEqual(['Error: no start', 'is asked']);
});

test('why a room cannot be fetched is given to onException', async () => {
  log.length = 0;
  const room = createFakeDurableObject(Moving);
  const response = room.request('GET', '/store');
  await asked;
  answer(new Response('no', {status: 401}));
  expect((await response).status).toBe(503);
  expect(log[0]).toContain('old answers 401 when it is asked for the room');
});
