/** What clients send, over their WebSockets, and what each is answered. */
import type {Changes} from '../protocol/changes.js';
import {type FragmentHeader, PROTOCOL_VERSION} from '../protocol/messages.js';
import {parseChanges, parseJson} from '../protocol/parse-changes.js';
import type {Audience, Author} from './audience.js';
import {Fragments} from './fragments.js';
import {Intake} from './intake.js';
import {type Greeter, parseFrame, parseSign, type Sign} from './parse-frame.js';
import type {Greeting, RoomConnection, RoomEdge} from './room-edge.js';
import {addAnswer} from './storage/clients.js';
import type {Turns} from './turns.js';

export class Reception<Connection extends RoomConnection> {
  readonly #edge: RoomEdge<Connection>;
  readonly #audience: Audience<Connection>;
  readonly #turns: Turns<Connection>;
  readonly #fragments: Fragments<Connection>;
  readonly #intake: Intake<Connection>;
  /** The latest hello of a connection: only that is answered. */
  readonly #nonces = new WeakMap<Connection, string>();
  /** The last push on a connection since its hello. */
  readonly #lastIds = new WeakMap<Connection, number>();
  /** What listeners of the app have thrown at a push. */
  #thrown: unknown[] = [];

  constructor(
    edge: RoomEdge<Connection>,
    {
      audience,
      turns,
    }: {audience: Audience<Connection>; turns: Turns<Connection>},
  ) {
    this.#edge = edge;
    this.#audience = audience;
    this.#turns = turns;
    this.#intake = new Intake(edge.limits);
    this.#fragments = new Fragments({
      limits: edge.limits,
      now: () => edge.now(),
      schedule: (run, delayMs) => edge.schedule(run, delayMs),
      onOverflow: (connection) =>
        audience.retire(connection, 4429, 'Too many fragments'),
    });
  }

  /** Nothing waits any more: the room has started anew. */
  clear(): void {
    this.#intake.clear();
  }

  /**
   * Takes a message; resolves when it is dealt with, its commit durable and
   * sent. Answers undefined at once for a message that is not the room's.
   */
  receive(connection: Connection, message: unknown): Promise<void> | undefined {
    const frame = parseFrame(this.#edge.messagePrefix, message);
    if (!frame) {
      return undefined;
    }
    if (this.#audience.isRetired(connection)) {
      return Promise.resolve();
    }
    switch (frame.kind) {
      case 'push':
        return this.#receivePush(connection, frame.mutationId, frame.text);
      case 'fragment':
        return this.#receiveFragment(connection, frame.header, frame.text);
      case 'legacy':
        return this.#take(connection, frame.text, () =>
          this.#push(connection, 0, frame.changes),
        );
      case 'hello':
        return this.#receiveHello(connection, frame.greeter);
      default:
        this.#answerSign(connection, frame);
        return Promise.resolve();
    }
  }

  /**
   * Deals with a sign of life, and answers whether a message was one. It takes
   * no turn, and nothing from storage: an idle room is asked for it often.
   */
  receiveSign(connection: Connection, message: unknown): boolean {
    const sign = parseSign(this.#edge.messagePrefix, message);
    if (sign) {
      this.#answerSign(connection, sign);
    }
    return !!sign;
  }

  #answerSign(connection: Connection, sign: Sign): void {
    if (sign.kind == 'ping') {
      this.#audience.answerPing(connection, sign.payload);
    } else {
      this.#audience.notePong(connection, sign.token);
    }
  }

  /** Takes a message that has to wait for its turn, if not too much waits. */
  #take(
    connection: Connection,
    text: string,
    run: () => void | Promise<void>,
  ): Promise<void> {
    if (!this.#intake.admit(connection, text)) {
      this.#audience.retire(connection, 4429, 'Too much at once');
      return Promise.resolve();
    }
    const resets = this.#turns.resets;
    return this.#turns.run(() => {
      this.#intake.release(connection, text);
      // What came before on this connection may be gone with a reset: its client
      // sends all of it again. TinyBase's own would not.
      const isGone =
        resets != this.#turns.resets && this.#audience.recall(connection);
      return isGone || this.#audience.isRetired(connection) ? undefined : run();
    }, text.length);
  }

  #receiveHello(
    connection: Connection,
    greeter: Greeter | undefined,
  ): Promise<void> {
    if (!greeter) {
      this.#audience.retire(
        connection,
        4400,
        'Malformed hello, or another version',
      );
      return Promise.resolve();
    }
    if (!this.#intake.admitHello(connection, this.#edge.now())) {
      this.#audience.retire(connection, 4429, 'Too many hellos');
      return Promise.resolve();
    }
    const {clientId, nonce, epoch, offset} = greeter;
    this.#nonces.set(connection, nonce);
    return this.#runFor(connection, async () => {
      const isLatest = this.#nonces.get(connection) == nonce;
      if (!isLatest || this.#audience.isRetired(connection)) {
        // It counts on the welcome to its latest hello alone.
        return;
      }
      await this.#turns.commit();
      // The room's own choice: nobody can make it answer to another's.
      const mark = this.#edge.createMark();
      this.#audience.greet(connection, {clientId, mark});
      this.#fragments.forget(connection);
      this.#lastIds.delete(connection);
      const clients = await this.#turns.state.readClients();
      const delta = await this.#turns.state.readMissed(epoch, offset);
      this.#audience.welcome(connection, [
        PROTOCOL_VERSION,
        nonce,
        this.#turns.state.epoch,
        this.#turns.state.offset,
        clients.get(clientId) ?? [0],
        delta,
        mark,
      ]);
    });
  }

  /**
   * Does a job for a connection. Where it throws, the client has to come back:
   * what it sent after would otherwise be taken without this.
   */
  #runFor(
    connection: Connection,
    run: () => Promise<void>,
    isInTurn = false,
  ): Promise<void> {
    const guarded = async () => {
      try {
        await run();
      } catch (error) {
        this.#audience.retire(connection, 1011, 'The room could not answer');
        throw error;
      }
    };
    return isInTurn ? guarded() : this.#turns.run(guarded);
  }

  #receivePush(
    connection: Connection,
    mutationId: number,
    text: string,
  ): Promise<void> {
    const changes =
      text.length > this.#edge.limits.maxPushLength
        ? undefined
        : parseChanges(parseJson(text));
    return this.#take(connection, text, () =>
      this.#push(connection, mutationId, changes),
    );
  }

  #receiveFragment(
    connection: Connection,
    header: FragmentHeader,
    piece: string,
  ): Promise<void> {
    const assembled = this.#fragments.add(connection, header, piece);
    if (typeof assembled == 'object') {
      // Too long, it is malformed: refused, in its turn.
      return this.#receivePush(connection, header[0], assembled.text ?? '');
    }
    if (assembled == 'broken') {
      this.#audience.retire(connection, 4400, 'Fragments out of order');
    }
    return Promise.resolve();
  }

  /** Deals with a push; without changes it was malformed. */
  async #push(
    connection: Connection,
    mutationId: number,
    changes: Changes | undefined,
  ): Promise<void> {
    const greeting = mutationId ? this.#audience.recall(connection) : undefined;
    if (mutationId && !greeting) {
      this.#audience.askForHello(connection);
      return;
    }
    if (greeting && !greeting.clientId) {
      return;
    }
    if (changes && (!greeting || this.#turns.needsStore())) {
      // First: loading ends the turn so far, and an author belongs to a turn.
      await this.#runFor(connection, () => this.#turns.loadStore(), true);
    }
    const failed =
      changes &&
      this.#turns.hasAuthors &&
      !this.#isAnswered(greeting, mutationId)
        ? await this.#turnTo(connection)
        : undefined;
    const author = this.#turns.draft.getAuthor(connection, greeting);
    if (greeting && !this.#isNext(author, greeting, mutationId)) {
      return;
    }
    let refused = !changes;
    try {
      if (failed) {
        throw failed.error;
      }
      if (changes) {
        refused = await this.#applyPush(author, changes);
      }
    } catch (error) {
      refused = true;
      throw error;
    } finally {
      if (refused) {
        author.asSent = false;
        if (changes) {
          author.heal.add(changes);
        }
      }
      this.#answer(author, mutationId, refused);
    }
    if (this.#thrown.length) {
      // Answered by what took effect; the app hears of it all the same.
      throw this.#thrown.splice(0)[0];
    }
  }

  /** Whether a push has come before, as far as is known. */
  #isAnswered(greeting: Greeting | undefined, mutationId: number): boolean {
    const {clients} = this.#turns.state;
    const [last] = (greeting && clients?.get(greeting.clientId)) ?? [0];
    return mutationId > 0 && mutationId <= last;
  }

  /** What comes next is a connection's doing; answers what the app has thrown. */
  async #turnTo(connection: Connection): Promise<{error: unknown} | undefined> {
    const {resets} = this.#turns;
    let author: string | undefined;
    try {
      author = await this.#turns.askAuthor(connection);
    } catch (error) {
      if (resets != this.#turns.resets) {
        throw error;
      }
      return {error};
    }
    await this.#runFor(connection, () => this.#turns.turnTo(author), true);
    return undefined;
  }

  /** Whether a push is new, and none is missing before it. */
  #isNext(
    author: Author<Connection>,
    greeting: Greeting,
    mutationId: number,
  ): boolean {
    const {connection} = author;
    const last = this.#turns.state.clients?.get(greeting.clientId);
    const before = this.#lastIds.get(connection);
    if (last && mutationId <= last[0]) {
      author.answer = [...last];
      author.asSent = false;
      this.#lastIds.set(connection, Math.max(before ?? 0, mutationId));
      return false;
    }
    if (before !== undefined && mutationId != before + 1) {
      this.#audience.retire(connection, 4409, 'A push is missing');
      return false;
    }
    this.#lastIds.set(connection, mutationId);
    return true;
  }

  /** Applies what the hooks let through; answers whether any was refused. */
  async #applyPush(
    author: Author<Connection>,
    changes: Changes,
  ): Promise<boolean> {
    const {connection} = author;
    const {accepted, refused} = this.#edge.hasHooks()
      ? await this.#turns.authorise(changes, connection, false)
      : {accepted: changes, refused: false};
    if (this.#audience.touch(connection, accepted)) {
      author.heal.add(changes);
    }
    const {inEffect, asSent, happened, thrown} =
      this.#turns.applyChanges(accepted);
    if (!asSent) {
      author.asSent = false;
      author.heal.add(happened);
    }
    this.#turns.draft.countStep(accepted);
    this.#thrown.push(...(thrown ?? []));
    return refused || !inEffect;
  }

  #answer(
    author: Author<Connection>,
    mutationId: number,
    refused: boolean,
  ): void {
    if (author.greeting) {
      author.answer[0] = mutationId;
      if (refused) {
        author.answer.push(mutationId);
      }
      if (this.#turns.state.clients) {
        addAnswer(
          this.#turns.state.clients,
          author.greeting.clientId,
          refused ? [mutationId, mutationId] : [mutationId],
          this.#edge.limits.maxClients,
        );
      }
    }
  }
}
