/** Who takes part in a simulation, and what each may do next. */
import {FakeHttp} from './fake-http.js';
import {HostileClient} from './hostile-client.js';
import {LegacyClient} from './legacy-client.js';
import {LegacyRoom} from './legacy-room.js';
import {Ledger} from './ledger.js';
import {createRules} from './rules.js';
import {SimClient} from './sim-client.js';
import {SimRoom} from './sim-room.js';
import type {World} from './world.js';

/** How long a room is idle before it sleeps, which legacy clients count on. */
const SLEEP_MS = 10_000;

export class Cast {
  readonly ledger: Ledger;
  readonly room: SimRoom;
  /** In its place where the profile says so. */
  readonly legacyRoom: LegacyRoom | undefined;
  readonly http: FakeHttp;
  readonly clients: SimClient[] = [];
  readonly legacyClients: LegacyClient[] = [];
  #hostile: HostileClient | undefined;
  #names = 0;

  constructor(readonly world: World) {
    this.ledger = new Ledger(world);
    this.room = new SimRoom(
      world,
      this.ledger,
      createRules(world, () => this.room?.room.store),
    );
    this.legacyRoom = world.profile.legacyRoom
      ? new LegacyRoom(world)
      : undefined;
    this.http = new FakeHttp(world, this.#host, this.ledger);
  }

  get #host(): SimRoom | LegacyRoom {
    return this.legacyRoom ?? this.room;
  }

  enter(): void {
    const {world, room, ledger} = this;
    const {profile} = world;
    for (let i = 0; i < profile.clients; i++) {
      this.#join();
    }
    for (let i = 0; i < profile.legacyClients; i++) {
      this.legacyClients.push(new LegacyClient(world, `l${i}`, room, ledger));
    }
    if (profile.hostile) {
      this.#hostile = new HostileClient(world, room, ledger);
    }
  }

  #join(): void {
    const {world, ledger} = this;
    const name = `c${this.#names++}`;
    const client = new SimClient(world, name, this.#host, ledger);
    this.clients.push(client);
    client.begin();
  }

  /** Somebody does something, or something breaks. */
  act(): void {
    const {clients, legacyClients, room} = this;
    const {random, profile} = this.world;
    const {drops, crashes, evictions, ownWrites} = profile;
    const client = random.pick(clients);
    const {wire} = client.socket;
    random.weigh<() => unknown>([
      [10, () => client.write()],
      [legacyClients.length * 4, () => random.pick(legacyClients).write()],
      [this.#hostile ? 3 : 0, () => this.#hostile!.send()],
      [ownWrites * 10, () => room.write()],
      [0.1, () => client.reload()],
      [0.1, () => client.save()],
      [drops * 2, () => client.goOffline()],
      [profile.toggles, () => client.toggle()],
      [drops * 10, () => wire?.isOpen && wire.breakLine()],
      [drops * 10, () => client.socket.reconnect()],
      [
        legacyClients.length * drops,
        () => random.pick(legacyClients).socket.wire?.breakLine(),
      ],
      [drops, () => this.#replace(client)],
      [crashes * 10, () => room.crash()],
      [
        evictions * 10,
        () => room.isIdle(legacyClients.length ? SLEEP_MS : 0) && room.evict(),
      ],
    ])();
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
