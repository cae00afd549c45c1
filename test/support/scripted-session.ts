/** A client's session, of which a test plays the room, the network and time. */
import {createStore, type Content, type Store} from 'tinybase';
import {createSession, type SessionConfig} from '../../src/client/session.js';
import {createScriptedSocket} from './scripted-socket.js';
import {createScriptedWorld, settle} from './scripted-world.js';

export type ScriptedSession = ReturnType<typeof createScriptedSession>;

export const createScriptedSession = (
  options: {
    store?: Store;
    config?: SessionConfig;
    /** What the app does when it is told of an error. */
    onError?: (error: unknown) => void;
  } = {},
) => {
  const {store = createStore(), config = {}, onError} = options;
  const world = createScriptedWorld();
  const socket = createScriptedSocket();
  const errors: any[] = [];
  const session = createSession(
    store,
    socket.connection,
    config,
    {
      onError: (error) => {
        errors.push(error);
        onError?.(error);
      },
      onChange: () => {},
    },
    world.environment,
  );
  const prefix = config.messagePrefix ?? '';

  const getHello = (): [number, string, string, string, number] => {
    const frame = socket.sent.findLast((sent) => sent.startsWith(prefix + 'h'));
    if (!frame) {
      throw new Error('No hello was sent');
    }
    return JSON.parse(frame.slice(prefix.length + 1));
  };

  /** What the room would mark the answers to this client with. */
  const getMark = (): string => `mark for ${getHello()[2]}`;

  const deliver = (letter: string, message: unknown): void =>
    socket.deliver(prefix + letter + JSON.stringify(message));

  const scripted = {
    store,
    session,
    socket,
    world,
    errors,
    getHello,
    deliver,

    /** Answers the latest hello. */
    welcome: (
      welcome: {
        epoch?: string;
        offset?: number;
        answer?: number[];
        delta?: unknown;
      } = {},
    ): void => {
      const {epoch = 'e', offset = 1, answer = [0], delta = []} = welcome;
      const [, , nonce] = getHello();
      deliver('w', [1, nonce, epoch, offset, answer, delta, getMark()]);
    },

    /** Commits, with an answer for this client where one is given. */
    commit: (offset: number, delta: unknown, answer?: number[]): void =>
      deliver('c', [offset, delta, ...(answer ? [{[getMark()]: answer}] : [])]),

    /** Auto-loads and auto-saves, as the persister would, on an open socket. */
    start: async (content: Content = [{}, {}], offset = 1): Promise<void> => {
      socket.open();
      session.setAutoSave(true);
      session.setAutoLoad(true);
      const loading = session.load();
      await settle();
      await world
        .takeRequest()
        .answer(200, JSON.stringify(content), `"e.${offset}"`);
      scripted.welcome({offset});
      await loading;
      await session.save();
      session.join();
      socket.take();
    },

    /** The mutation ids of the pushes that were sent since the last `take`. */
    takePushIds: (): number[] =>
      socket
        .take()
        .filter(([letter]) => letter == 'p')
        .map(([, [id]]) => id),
  };
  return scripted;
};
