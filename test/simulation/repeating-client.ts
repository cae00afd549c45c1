/**
 * Speaks the protocol well, but trusts no answer: sends its pushes again and
 * again, each the same as before, and at times leaves one out.
 */
import type {Random} from './random.js';
import {FakeSocket} from './fake-socket.js';
import type {WireHost} from './network.js';
import type {World} from './world.js';

const CLIENT_ID = 'repeating';

export class RepeatingClient {
  readonly socket: FakeSocket;
  readonly #random: Random;
  readonly #texts: string[] = [];
  /** The next mutation id to send, from 0. */
  #next = 0;
  #hellos = 0;
  #isWelcome = false;
  #answered = 0;

  constructor(
    readonly world: World,
    host: WireHost,
  ) {
    this.#random = world.random.of('repeating');
    this.socket = new FakeSocket(world, 'd0', {room: host});
    this.socket.addEventListener('open', () => this.#greet());
    this.socket.addEventListener('close', () => (this.#isWelcome = false));
    this.socket.addEventListener('message', ({data}: {data: string}) => {
      const [, nonce, , , answer] =
        data[0] == 'w' ? JSON.parse(data.slice(1)) : [];
      if (nonce) {
        this.#isWelcome = true;
        this.#answered = answer[0];
        // From anywhere that leaves nothing out.
        this.#next = this.#random.int(answer[0] + 1);
      }
    });
  }

  send(): void {
    const {world, socket} = this;
    const random = this.#random;
    if (socket.readyState != 1 || !this.#isWelcome) {
      return;
    }
    if (random.chance(0.2)) {
      this.#greet();
      return;
    }
    if (this.#next > this.#answered && random.chance(0.05)) {
      world.count('push left out');
      this.#next++;
    }
    for (let i = random.pick([1, 1, 2, 5]); i--;) {
      while (this.#texts.length <= this.#next) {
        this.#texts.push(this.#createText(this.#texts.length + 1));
      }
      socket.send(`p[${this.#next + 1},${this.#texts[this.#next]}]`);
      this.#next++;
    }
  }

  #greet(): void {
    this.#isWelcome = false;
    const nonce = `d0-${this.#hellos++}`;
    this.socket.send(`h[1,"${CLIENT_ID}","${nonce}","",0]`);
  }

  /** Unlike any other, and not without effect whenever it is applied. */
  #createText(id: number): string {
    return this.#random.pick([
      `[{},{"d":"d0#${id}"},1]`,
      `[{"d":{"r1":{"a":"d0#${id}"}}},{},1]`,
      `[{"d":"\uFFFC"},{"d":"d0#${id}"},1]`,
    ]);
  }
}
