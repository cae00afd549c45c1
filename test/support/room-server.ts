/** A server of rooms, on the platform that the tests are run for. */
import type {ServerProcess} from './server-process.js';
import {PLATFORM} from './platform.js';
import {startPartyKitDev} from './partykit-dev.js';
import {adaptRooms} from './adapt-rooms.js';
import {startWorkerd, type Workerd} from './workerd.js';

export interface RoomServerOptions {
  /** The file of the party `main`, for example `test/rooms/bare.ts`. */
  main: string;
  /** The files of other parties. */
  parties?: Record<string, string>;
  /** Where rooms are stored. A temporary folder unless told. */
  persistDir?: string;
  /** What rooms find in `room.env`. */
  vars?: Record<string, unknown>;
  /** A fixed port. A free one unless told. */
  port?: number;
  /** How long it may take until it is ready. 20,000 unless told. */
  timeoutMs?: number;
}

export type RoomServer = ServerProcess & Partial<Pick<Workerd, 'evict'>>;

/** Serves rooms that are written for PartyKit, and waits until it does. */
export const startRoomServer = (
  options: RoomServerOptions,
): Promise<RoomServer> =>
  PLATFORM == 'partykit'
    ? startPartyKitDev(options)
    : startWorkerd({
        ...options,
        ...adaptRooms({main: options.main, ...options.parties}),
        storage: PLATFORM.storage,
      });
