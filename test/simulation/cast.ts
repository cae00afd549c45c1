/** Who takes part in a simulation, and how each comes and goes. */
import {settle} from './clock.js';
import {FakeHttp, type Place} from './fake-http.js';
import {HostileClient} from './hostile-client.js';
import {LegacyClient} from './legacy-client.js';
import {LegacyRoom} from './legacy-room.js';
import {Ledger} from './ledger.js';
import {RepeatingClient} from './repeating-client.js';
import {SimClient} from './sim-client.js';
import {SimRoom} from './sim-room.js';
import type {World} from './world.js';

export class Cast {
  /** The rooms; all begin in `room`. */
  readonly places: {[room: string]: Place} = {};
  readonly http: FakeHttp;
  readonly clients: SimClient[] = [];
  /** Who was here once. */
  readonly gone: SimClient[] = [];
  readonly legacyClients: LegacyClient[] = [];
  hostile: HostileClient | undefined;
  repeating: RepeatingClient | undefined;

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

  async enter(): Promise<void> {
    const {world} = this;
    const {profile} = world;
    const {host, ledger} = this.places.room!;
    for (let i = 0; i < profile.clients; i++) {
      await this.#join();
    }
    for (let i = 0; i < profile.legacyClients; i++) {
      this.legacyClients.push(new LegacyClient(world, `l${i}`, host));
    }
    if (profile.hostile) {
      this.hostile = new HostileClient(world, host, ledger);
    }
    if (profile.repeating) {
      this.repeating = new RepeatingClient(world, host);
    }
  }

  async #join(): Promise<void> {
    const name = `c${this.clients.length + this.gone.length}`;
    const client = new SimClient(this.world, name, this.places);
    this.clients.push(client);
    client.begin();
    // What follows from it runs on its device.
    await settle();
  }

  /** A client goes, and another one comes. */
  async replace(client: SimClient): Promise<void> {
    this.clients.splice(this.clients.indexOf(client), 1);
    this.gone.push(client);
    client.destroy();
    await settle();
    await this.#join();
  }

  /** Whether all clients believe to have sent and received all. */
  get isSynced(): boolean {
    return this.clients.every(
      ({persister}) => persister.getSyncState() == 'synced',
    );
  }

  check(): void {
    this.clients.forEach(({checks}) => checks.check());
  }

  /** Nothing breaks any more, all pages are looked at, and all apps persist. */
  async calmDown(): Promise<void> {
    const {world, clients} = this;
    world.calm = true;
    this.gone.forEach(({device}) => device.thaw());
    for (const client of clients) {
      const {device, socket, name} = client;
      device.thaw();
      device.setHidden(false);
      if (world.profile.legacyRoom && socket.wire?.isBroken) {
        // A room of TinyBase's own answers no heartbeat.
        world.clock.owner = name;
        socket.reconnect();
      }
      client.persist();
      await settle();
    }
  }
}
