/** A client of either half in a room of either half. */
import type {PartySocket, PartySocketOptions} from 'partysocket';
import {createStore, type Content, type Store} from 'tinybase';
import {createPartyKitPersister as createTinyBasePersister} from 'tinybase/persisters/persister-partykit-client';
import {
  createPartyKitPersister as createOurPersister,
  type PartyKitPersister,
} from 'tinybase-partykit/client';
import {expect, onTestFinished} from 'vitest';
import {expectSoon} from './expect-soon.js';
import {createNodeSocket} from './node-socket.js';
import type {Half, TestRoom} from './test-room.js';
import {until} from './until.js';

/** What both halves' persisters have. */
export type AnyPersister = ReturnType<typeof createTinyBasePersister>;

export interface TestClient {
  readonly half: Half;
  readonly store: Store;
  readonly socket: PartySocket;
  readonly persister: AnyPersister;
  /** What `onIgnoredError` got. */
  readonly errors: unknown[];
  /** Ends the persister and the socket; done anyway when the test is over. */
  destroy(): Promise<void>;
}

export interface TestClientOptions {
  store?: Store;
  /** What to connect to in place of the room's host: a proxy. */
  host?: string;
  socket?: Partial<PartySocketOptions>;
  /** Of our half's persister; its default unless told. */
  heartbeatMs?: number;
}

export const createClient = (
  half: Half,
  room: Pick<TestRoom, 'host' | 'party' | 'name'>,
  {store = createStore(), host = room.host, ...options}: TestClientOptions = {},
): TestClient => {
  const socket = createNodeSocket({
    host,
    party: room.party,
    room: room.name,
    ...options.socket,
  });
  const errors: unknown[] = [];
  const onIgnoredError = (error: unknown): void => void errors.push(error);
  const persister =
    half == 'ours'
      ? createOurPersister(
          store,
          socket,
          {storeProtocol: 'http', heartbeatMs: options.heartbeatMs!},
          onIgnoredError,
        )
      : createTinyBasePersister(store, socket, 'http', onIgnoredError);
  const destroy = async (): Promise<void> => {
    await persister.destroy();
    socket.close();
  };
  onTestFinished(destroy);
  return {half, store, socket, persister, errors, destroy};
};

/** Creates a client, and waits until it auto-persists on an open socket. */
export const startClient = async (
  half: Half,
  room: Pick<TestRoom, 'host' | 'party' | 'name'>,
  options?: TestClientOptions,
): Promise<TestClient> => {
  const client = createClient(half, room, options);
  await untilOpen(client);
  await client.persister.startAutoPersisting();
  return client;
};

export const untilOpen = async ({socket}: TestClient): Promise<void> => {
  await until(() => socket.readyState == socket.OPEN, {
    message: 'the socket is open',
  });
};

/** Local transactions that our client's room has not answered; else 0. */
export const getPendingCount = ({half, persister}: TestClient): number =>
  half == 'ours' ? (persister as PartyKitPersister).getPendingCount() : 0;

let lastMark = 0;

/**
 * Waits until all that the clients have sent until now is through: each sets a
 * Value, and waits for those of the others. Frames keep their order.
 */
export const untilSettled = async (
  room: TestRoom,
  clients: TestClient[],
  timeoutMs = 10_000,
): Promise<void> => {
  const mark = ++lastMark;
  clients.forEach(({store}, index) => store.setValue(`mark${index}`, mark));
  const isMarked = (getMark: (id: string) => unknown): boolean =>
    clients.every((_, index) => getMark(`mark${index}`) === mark);
  await until(
    async () => {
      const values = (await room.getContent())?.[1];
      return (
        values != null &&
        isMarked((id) => values[id]) &&
        clients.every(
          (client) =>
            isMarked((id) => client.store.getValue(id)) &&
            !getPendingCount(client),
        )
      );
    },
    {timeoutMs, intervalMs: 20, message: 'everything sent is through'},
  );
};

/** Waits until the room and all clients have the same, and returns it. */
export const expectSame = async (
  room: TestRoom,
  clients: TestClient[],
  timeoutMs?: number,
): Promise<Content> =>
  await expectSoon(async () => {
    const content = await room.getContent();
    clients.forEach(({store}, index) =>
      expect(store.getContent(), `client ${index} and the room`).toEqual(
        content,
      ),
    );
    return content!;
  }, timeoutMs);
