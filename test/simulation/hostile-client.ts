/** Sends what no client of ours would, well-formed and not. */
import {FakeSocket} from './fake-socket.js';
import type {Ledger} from './ledger.js';
import type {WireHost} from './network.js';
import type {Random} from './random.js';
import type {World} from './world.js';

/** All of what hooks may protect, at once or bit by bit. */
const DELETIONS = [
  '[{"t1":{"r3":"\uFFFC"}},{"v2":"\uFFFC"},1]',
  '[{"t1":{"r3":{"a":"\uFFFC","b":"\uFFFC","c":"\uFFFC","constructor":"\uFFFC"}}},{},1]',
  '[{"t1":{"r2":{"a":"\uFFFC"}}},{},1]',
  '[{"t2":{"r1":"\uFFFC","r2":"\uFFFC","r3":"\uFFFC","":"\uFFFC"}},{},1]',
  '[{"t2":{"r1":"\uFFFC","r2":{"b":"\uFFFC"}}},{},1]',
];

/** More than a room takes at once where its limits are small. */
const FLOOD = 120;

export class HostileClient {
  readonly socket: FakeSocket;
  readonly random: Random;
  #tokens = 0;

  constructor(
    readonly world: World,
    host: WireHost,
    readonly ledger: Ledger,
  ) {
    this.random = world.random.of('hostile');
    this.socket = new FakeSocket(world, 'x0', {room: host});
  }

  send(): void {
    const {random, world} = this;
    for (let i = random.chance(0.05) ? FLOOD : 1; i--;) {
      if (this.socket.readyState == 1) {
        world.count('hostile frame');
        this.socket.send(this.#createFrame());
      }
    }
  }

  #createFrame(): string {
    const {random} = this;
    const {epoch, offset} = this.ledger;
    const id = random.pick([0, 1, 2, 3, 7, -1, 1.5, 1e21]);
    const token = `x0#${++this.#tokens}`;
    const where = JSON.stringify([
      random.pick(['x', 'y']),
      `m${random.int(9)}`,
      random.pick([epoch, epoch, 'z', '']),
      random.pick([offset, 0, offset + 5, -1, 0.5, null]),
    ]).slice(1);
    const changes = random.pick([
      `[{"t1":{"r1":{"a":"${token}"}}},{},1]`,
      `[{},{"v1":"${token}"},1]`,
      '[{"t1":{"r1":{}}},{},1]',
      '[{"t1":{},"t2":"\uFFFC"},{},1]',
      ...DELETIONS,
      '[{"t1":1},{},1]',
      '[{},{"v1":"\uFFFD{"},1]',
      '[{},{"v1":"\uD800"},1]',
      '[[],{},1]',
      '[{},{}]',
      '[{},{"v1":[[[["deep"]]]]},1]',
      `[{},{"v1":${'['.repeat(900)}${']'.repeat(900)}},1]`,
      '[{"__proto__":{"__proto__":{"__proto__":1}}},{},1]',
      'nonsense',
    ]);
    return random.pick([
      `h[1,${where}`,
      `h[1,${where}`,
      `h[2,${where}`,
      'h[]',
      'h[1,"","m","",0]',
      `p[${id},${changes}]`,
      `p[${id},${changes}]`,
      `p[${id}`,
      `f[${id},0,2]${changes.slice(0, 9)}`,
      `f[${id},1,2]${changes.slice(9)}`,
      `f[${id},5,2]x`,
      `f[${id},0,100000]x`,
      `f[9,0,9]${'x'.repeat(400)}`,
      `f[9,1,9]${'x'.repeat(400)}`,
      `s${changes}`,
      `s${changes}`,
      'w[1,""]',
      'c[1,[],{}]',
      '',
      'the app’s own',
    ]);
  }
}
