/** An old and a new deployment of an app, each a server of its own. */
import {adaptRooms} from './adapt-rooms.js';
import {startPartyKitDev} from './partykit-dev.js';
import type {ServerProcess} from './server-process.js';
import {startWorkerd} from './workerd.js';

const SECRET = '0123456789abcdef0123456789abcdef';

const MAIN = 'test/rooms/moving.ts';
const BARE = 'test/rooms/moving-bare.ts';

export type DeploymentPlatform = 'partykit' | 'partyserver';

/** What its rooms are told; see `test/rooms/moving-bare.ts`. */
export type Role = {
  /** The host that everybody is led to. */
  forwardTo?: string;
  /** The host that rooms come from. */
  from?: string;
  /** Whether rooms may be taken away. */
  mayLeave?: boolean;
  /** Of webhooks, as JSON. */
  webhooks?: string;
};

export interface Deployment {
  readonly host: string;
  /** Ends it, and starts it again in another role, on the same port and rooms. */
  deploy(role: Role): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

type Place = {port?: number; persistDir?: string};

const start = (
  platform: DeploymentPlatform,
  {forwardTo, from, mayLeave, webhooks}: Role,
  place: Place = {},
): Promise<ServerProcess> => {
  const vars = {
    moveSecret: SECRET,
    ...(forwardTo ? {forwardTo: `http://${forwardTo}/parties`} : {}),
    ...(from ? {moveFrom: `http://${from}/parties`} : {}),
    ...(mayLeave ? {mayLeave} : {}),
    ...(webhooks ? {webhooks} : {}),
  };
  return platform == 'partykit'
    ? startPartyKitDev({...place, main: MAIN, parties: {bare: BARE}, vars})
    : startWorkerd({...place, ...adaptRooms({main: MAIN, bare: BARE}), vars});
};

export const startDeployment = async (
  platform: DeploymentPlatform,
  role: Role = {},
): Promise<Deployment> => {
  // Its folder is kept until the first one is stopped.
  const first = await start(platform, role);
  const {host, port, persistDir} = first;
  let server = first;
  return {
    host,
    deploy: async (next) => {
      await server.kill();
      server = await start(platform, next, {port, persistDir});
    },
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: async () => {
      await server.stop();
      if (server != first) {
        await first.stop();
      }
    },
  };
};

/** Asks for a room's archive, as another deployment does. */
export const requestArchive = (
  roomUrl: string,
  init: RequestInit = {},
): Promise<Response> =>
  fetch(`${roomUrl}?room-archive`, {
    method: 'POST',
    ...init,
    headers: {Authorization: `Bearer ${SECRET}`, ...init.headers},
  });
