/** Who takes part in a simulation, and what each may do next. */
import {FakeHttp, type Place} from './fake-http.js';
import {HostileClient} from './hostile-client.js';
import {LegacyClient} from './legacy-client.js';
import {LegacyRoom} from './legacy-room.js';
import {Ledger} from './ledger.js';
import {SimClient} from './sim-client.js';
import {SimRoom} from './sim-room.js';
import type {World} from './world.js';

/** How long a room is idle before it sleeps, which legacy clients count on. */
const SLEEP_MS = 10_000;

export class Cast {
  /** The rooms; all begin in `room`. */
  readonly places: {[room: string]: Place} = {};
  readonly http: FakeHttp;
  readonly clients: SimClient[] = [];
  readonly legacyClients: LegacyClient[] = [];
  #hostile: HostileClient | undefined;
  #names = 0;

  constructor(readonly world: World) {
    const {legacyRoom, moves} = world.profile;
    for (const room of moves ? ['room', 'other'] : ['room']) {
      const ledger = new Ledger(world);
      const host = legacyRoom
        ? new LegacyRoom(world)
        : new SimRoom(world, ledger, room[0]);
      this.places[room] = {host, ledger};
    }
    this.http = new FakeHttp(world, this.places);
  }

  enter(): void {
    const {world} = this;
    const {profile} = world;
    const {host, ledger} = this.places.room!;
    for (let i = 0; i < profile.clients; i++) {
      this.#join();
    }
    for (let i = 0; i < profile.legacyClients; i++) {
      this.legacyClients.push(new LegacyClient(world, `l${i}`, host));
    }
    if (profile.hostile) {
      this.#hostile = new HostileClient(world, host, ledger);
    }
  }

  #join(): void {
    const name = `c${this.#names++}`;
    const client = new SimClient(this.world, name, this.places);
    this.clients.push(client);
    client.begin();
  }

  /** Somebody does something, or something breaks. */
  act(): void {
    const {clients, legacyClients} = this;
    const {random, profile} = this.world;
    const {drops, crashes, evictions, ownWrites, moves, toggles} = profile;
    const client = random.pick(clients);
    const {wire} = client.socket;
    random.weigh<() => unknown>([
      [10, () => client.write()],
      [legacyClients.length * 4, () => random.pick(legacyClients).write()],
      [this.#hostile ? 3 : 0, () => this.#hostile!.send()],
      [ownWrites * 10, () => this.#inRoom((room) => room.write())],
      [0.3, () => client.reload()],
      [0.1, () => client.save()],
      [moves, () => client.move()],
      [drops * 2, () => client.goOffline()],
      [toggles, () => client.toggle()],
      [drops * 10, () => wire?.isOpen && wire.breakLine()],
      [drops * 10, () => client.socket.reconnect()],
      [
        legacyClients.length * drops,
        () => random.pick(legacyClients).socket.wire?.breakLine(),
      ],
      [drops, () => this.#replace(client)],
      [crashes * 10, () => this.#inRoom((room) => room.crash())],
      [
        evictions * 10,
        () =>
          this.#inRoom(
            (room) =>
              room.isIdle(legacyClients.length ? SLEEP_MS : 0) && room.evict(),
          ),
      ],
    ])();
  }

  #inRoom(act: (room: SimRoom) => void): void {
    const {host} = this.world.random.pick(Object.values(this.places));
    if (host instanceof SimRoom) {
      act(host);
    }
  }

  #replace(client: SimClient): void {
    this.clients.splice(this.clients.indexOf(client), 1);
    client.destroy();
    this.#join();
  }

  check(): void {
    this.clients.forEach(({checks}) => checks.check());
  }

  /** Lets those learn of it who believe in a broken connection. */
  calmDown(): void {
    for (const {socket} of this.clients) {
      if (socket.wire?.isBroken && !socket.wire.isDone) {
        socket.reconnect();
      }
    }
    this.persist();
  }

  /** Makes those follow the room who had stopped. */
  persist(): void {
    this.clients.forEach((client) => client.persist());
  }
}
