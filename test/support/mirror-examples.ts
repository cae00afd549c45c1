/** What the examples of docs/mirror.md are run with: rooms, and what is asked of them. */
import {join} from 'node:path';
import {findDocsBlock} from './docs-blocks.js';
import {findFreePort} from './free-port.js';
import {getPendingCount, startClient, type TestClient} from './halves.js';
import {startPartyKitDev} from './partykit-dev.js';
import {REPOSITORY} from './run.js';
import {type Printed, runShell} from './run-example.js';
import {createTestRoom, type TestRoom} from './test-room.js';
import {until} from './until.js';
import {SECRET} from './webhook-requests.js';

const SHOWN_URL = 'http://localhost:1999/parties/main/my-room/store';

/** For what a process of its own has to be started for. */
export const WAIT = {timeoutMs: 15_000};

export const CONTENT: any = [
  {
    pets: {
      fido: {species: 'dog', price: 5, sold: false},
      felix: {species: 'cat', price: 7, sold: false},
    },
  },
  {open: true},
];

/** The one block of docs/mirror.md that contains a text. */
export const findExample = (text: string): string =>
  findDocsBlock('mirror.md', text);

/** An example, with this room in place of that shown. */
export const placeExample = (code: string, {url, name}: TestRoom): string =>
  code.replaceAll(SHOWN_URL, `${url}/store`).replaceAll('my-room', name);

export type ExampleParty = 'main' | 'ours' | 'oursruled' | 'authored';

export interface ExampleRooms {
  /** Where rooms of the party `main` send their webhooks. */
  readonly webhookPort: number;
  /** One with `CONTENT`, or another. */
  startRoom(
    party?: ExampleParty,
    options?: {name?: string; content?: any},
  ): Promise<TestRoom>;
  stop(): Promise<void>;
}

export const startExampleRooms = async (): Promise<ExampleRooms> => {
  const webhookPort = await findFreePort();
  const rooms = join(REPOSITORY, 'test/rooms');
  const dev = await startPartyKitDev({
    main: 'test/rooms/mirrored.ts',
    vars: {
      WEBHOOK_URL: `http://127.0.0.1:${webhookPort}/webhook`,
      WEBHOOK_SECRET: SECRET,
    },
    config: {
      parties: {
        ours: `${rooms}/ours.ts`,
        oursruled: `${rooms}/ours-ruled.ts`,
        authored: `${rooms}/authored.ts`,
      },
    },
  });
  let lastRoom = 0;
  return {
    webhookPort,
    startRoom: async (
      party = 'ours',
      {name = `room-${++lastRoom}`, content = CONTENT} = {},
    ) => {
      const room = createTestRoom(dev, 'ours', {party, name});
      await room.putContent(content);
      return room;
    },
    stop: () => dev.stop(),
  };
};

/** What a user does; resolves when the room has it. */
export const editRoom = async (
  room: TestRoom,
  act: (store: TestClient['store']) => void,
  id = 'ann',
): Promise<void> => {
  const client = await startClient('ours', room, {socket: {id}});
  act(client.store);
  await until(() => !getPendingCount(client));
  await client.destroy();
};

export const describePrinted = ({output, errors}: Printed): string =>
  `${output}\n${errors}`.trim();

/** What a query in a shell prints. */
export const runQuery = async (
  code: string,
  folder: string,
): Promise<string> => {
  const shell = runShell(code, folder);
  await until(() => shell.hasEnded);
  return shell.output;
};
