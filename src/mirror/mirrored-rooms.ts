/** The rooms that a mirror has to do with, by their ids. */
import type {FollowState} from './follow-room.js';
import {MAX_IDLE_ROOMS} from './limits.js';
import type {MirrorSettings} from './mirror-options.js';
import {RoomHttp} from './room-http.js';
import {RoomMirror} from './room-mirror.js';
import {RoomSink} from './room-sink.js';

export type MirroredRoom = {
  mirror: RoomMirror;
  sink: RoomSink;
  /** Undefined where nobody says where the room is. */
  http: RoomHttp | undefined;
  /** Of its live feed, if it is followed. */
  state: FollowState | undefined;
  /** What has failed last. */
  error: unknown;
  /** How many are at it, besides a live feed. */
  uses: number;
};

export class MirroredRooms {
  readonly #settings: MirrorSettings;
  readonly #report: (error: unknown, room: string) => void;
  readonly #rooms = new Map<string, MirroredRoom>();

  constructor(
    settings: MirrorSettings,
    report: (error: unknown, room: string) => void,
  ) {
    this.#settings = settings;
    this.#report = report;
  }

  find(id: string): MirroredRoom {
    const found = this.#rooms.get(id) ?? this.#create(id);
    this.#rooms.set(id, found);
    return found;
  }

  /** Does something with a room, which is the one that was used last then. */
  async use(
    id: string,
    run: (room: MirroredRoom) => Promise<void>,
  ): Promise<void> {
    const found = this.find(id);
    this.#rooms.delete(id);
    this.#rooms.set(id, found);
    found.uses++;
    try {
      await run(found);
    } finally {
      found.uses--;
      this.#evict();
    }
  }

  entries(): [id: string, room: MirroredRoom][] {
    return [...this.#rooms];
  }

  clear(): void {
    this.#rooms.clear();
  }

  #create(id: string): MirroredRoom {
    const {addresses, findAddress, sink, onWritten, fetch} = this.#settings;
    const address = addresses.get(id) ?? findAddress(id);
    const http = address && new RoomHttp(address, fetch);
    const report = (error: unknown) => this.#report(error, id);
    const roomSink = new RoomSink(id, {
      sink,
      onWritten: (written) => {
        const tell = async () => onWritten?.(written);
        tell().catch(report);
      },
    });
    return {
      mirror: new RoomMirror(roomSink, http, report),
      sink: roomSink,
      http,
      state: undefined,
      error: undefined,
      uses: 0,
    };
  }

  /** Lets go of rooms that nothing was done with for longest. */
  #evict(): void {
    for (const [id, {state, uses}] of this.#rooms) {
      if (this.#rooms.size <= MAX_IDLE_ROOMS) {
        return;
      }
      if (!state && !uses) {
        this.#rooms.delete(id);
      }
    }
  }
}
