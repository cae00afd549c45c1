/** Who is connected, and what each of them is told. */
import type {Store} from 'tinybase';
import type {Changes} from '../protocol/changes.js';
import {Delta, type DeltaList} from '../protocol/delta.js';
import {
  type Answer,
  COMMIT,
  LEGACY_CHANGES,
  PONG,
  PROTOCOL_VERSION,
  WELCOME,
  type Welcome,
} from '../protocol/messages.js';
import {Delivery} from './delivery.js';
import {LegacyHeal} from './legacy-heal.js';
import {getTruth} from './live-store.js';
import type {Greeting, RoomConnection, RoomEdge} from './room-edge.js';

/** What one connection has pushed in a turn. */
export type Author<Connection> = {
  connection: Connection;
  greeting: Greeting | undefined;
  answer: Answer;
  /** Whether all of it took effect exactly as it came. */
  asSent: boolean;
  /** Where a legacy client has to be shown the truth. */
  heal: Delta;
};

/** A commit to tell of. */
export type Telling<Connection> = {
  offset: number;
  list: DeltaList;
  text: string;
  authors: Map<Connection, Author<Connection>>;
  /** Whether somebody else than the authors wrote, too. */
  hasOthers: boolean;
  /** Ids of legacy connections that need not be told. */
  without: string[];
  /** What legacy authors are to be shown again. */
  heals: Map<Connection, DeltaList>;
};

export class Audience<Connection extends RoomConnection> {
  readonly #edge: RoomEdge<Connection>;
  readonly #delivery: Delivery<Connection>;
  readonly #heal = new LegacyHeal();
  /** Whether there is anybody to heal. */
  #hasLegacy = false;
  readonly #greetings = new WeakMap<Connection, Greeting>();
  /** Connections that may have said hello before the room slept. */
  readonly #asked = new WeakSet<Connection>();
  readonly #retired = new WeakSet<Connection>();
  /** Where the latest clients have said hello last. */
  readonly #latest = new Map<string, Connection>();

  constructor(edge: RoomEdge<Connection>) {
    this.#edge = edge;
    this.#delivery = new Delivery(edge, (connection) =>
      this.retire(connection, 4429, 'Too much is unread'),
    );
  }

  /** What a connection said hello with; undefined for a legacy one. */
  recall(connection: Connection): Greeting | undefined {
    let greeting = this.#greetings.get(connection);
    if (!greeting) {
      greeting = this.#edge.recall(connection);
      if (greeting) {
        this.#greetings.set(connection, greeting);
      }
    }
    return greeting;
  }

  /**
   * Notes a hello. From connections that the client has left no more pushes are
   * taken: what is still on the way there it sends again here.
   */
  greet(connection: Connection, greeting: Greeting): void {
    for (const other of this.#edge.getConnections()) {
      if (
        other !== connection &&
        this.recall(other)?.clientId === greeting.clientId
      ) {
        this.retire(other, 4408, 'The client has another connection');
      }
    }
    this.#latest.delete(greeting.clientId);
    this.#latest.set(greeting.clientId, connection);
    if (this.#latest.size > this.#edge.limits.maxClients) {
      this.#latest.delete(this.#latest.keys().next().value!);
    }
    this.#remember(connection, greeting);
  }

  /** Notes a greeting again where the app has overwritten it. */
  keepGreeting(connection: Connection): void {
    const greeting = this.#greetings.get(connection);
    if (greeting && this.#edge.recall(connection)?.mark !== greeting.mark) {
      this.#edge.remember(connection, greeting);
    }
  }

  /**
   * Answers a client that asks whether the room is there. Who has not said hello
   * is asked to; who was retired gets no answer.
   */
  answerPing(connection: Connection, payload: string): void {
    const greeting = this.recall(connection);
    if (!greeting) {
      this.askForHello(connection);
    } else if (greeting.clientId) {
      this.#tell([connection], PONG, payload);
    }
  }

  /** Notes that a connection has read all that came before a ping. */
  notePong(connection: Connection, token: string): void {
    this.#delivery.notePong(connection, token);
  }

  /**
   * Whether nothing more is taken from a connection: it was closed, or its client
   * has left it for another. Then it need not be among the connections any more,
   * and what it sent may still wait.
   */
  isRetired(connection: Connection): boolean {
    const clientId = this.#greetings.get(connection)?.clientId ?? '';
    const latest = this.#latest.get(clientId) ?? connection;
    return this.#retired.has(connection) || latest !== connection;
  }

  welcome(connection: Connection, welcome: Welcome): void {
    this.#tell([connection], WELCOME, JSON.stringify(welcome));
  }

  /** Makes a client say hello (again); one of TinyBase's takes no notice. */
  askForHello(connection: Connection): void {
    if (!this.isRetired(connection)) {
      const ask = JSON.stringify([PROTOCOL_VERSION, '']);
      this.#delivery.send(connection, WELCOME, ask);
    }
  }

  /** Makes all clients come back, and send again what is pending. */
  retireAll(code: number, reason: string): void {
    for (const connection of this.#edge.getConnections()) {
      if (this.recall(connection)) {
        this.retire(connection, code, reason);
      }
    }
  }

  /**
   * Has everybody go, TinyBase's own clients, too: what they send is not taken, and
   * they would not know.
   */
  dismissAll(code: number, reason: string): void {
    for (const connection of this.#edge.getConnections()) {
      this.retire(connection, code, reason);
    }
  }

  /**
   * Notes who changes what, for those of TinyBase's own clients who change it,
   * too; answers whether one does so just now.
   */
  touch(by: Connection | undefined, changes: Changes): boolean {
    this.#hasLegacy ||= by !== undefined && !this.recall(by);
    return this.#hasLegacy && this.#heal.touch(by, changes, this.#edge.now());
  }

  /** Tells everyone; of a room's first content those who had none. */
  announce(telling: Telling<Connection>, isFirst: boolean): void {
    const greeted: Connection[] = [];
    const legacy: Connection[] = [];
    for (const connection of this.#edge.getConnections()) {
      (this.recall(connection) ? greeted : legacy).push(connection);
    }
    if (legacy.length && !this.#hasLegacy) {
      // It has come meanwhile, and may cross what this changes.
      telling.list.forEach((changes) =>
        this.#heal.touch(undefined, changes, this.#edge.now()),
      );
    }
    this.#hasLegacy = legacy.length > 0;
    if (isFirst) {
      // Who is here had nothing, or a content of its own: all load this one.
      greeted.forEach((connection) => this.askForHello(connection));
    } else {
      this.#tellGreeted(telling, greeted);
    }
    this.#tellLegacy(telling, legacy);
  }

  #tellGreeted(
    {offset, list, text, authors, hasOthers}: Telling<Connection>,
    connections: Connection[],
  ): void {
    const answered = [...authors.values()].filter(
      ({greeting, answer}) => greeting && answer[0],
    );
    const getAnswers = (of: Author<Connection>[]) =>
      JSON.stringify(
        Object.fromEntries(
          of.map(({greeting, answer}) => [greeting!.mark, answer]),
        ),
      );
    const [sole] = answered;
    if (sole?.asSent && authors.size == 1 && !hasOthers) {
      // First who does not know it yet.
      if (list.length) {
        const others = connections.filter((other) => other !== sole.connection);
        this.#tell(others, COMMIT, `[${offset},${text}]`);
      }
      const answers = getAnswers([sole]);
      this.#tell([sole.connection], COMMIT, `[${offset},0,${answers}]`);
    } else {
      this.#tell(
        list.length ? connections : answered.map(({connection}) => connection),
        COMMIT,
        `[${offset},${text},${getAnswers(answered)}]`,
      );
    }
  }

  /** The truth of what legacy authors have to be shown again. */
  getHeals(
    authors: Map<Connection, Author<Connection>>,
    store: Store | undefined,
  ): Map<Connection, DeltaList> {
    const heals = new Map<Connection, DeltaList>();
    for (const {connection, greeting, heal} of authors.values()) {
      if (!greeting && store && !heal.isEmpty()) {
        const truth = heal
          .toList()
          .flatMap((changes) => getTruth(store, changes))
          .reduce((delta, changes) => delta.add(changes), new Delta());
        heals.set(connection, truth.toList());
      }
    }
    return heals;
  }

  /** Tells those who never said hello, in TinyBase's own frames. */
  #tellLegacy(telling: Telling<Connection>, connections: Connection[]): void {
    const {list, authors, hasOthers, without, heals} = telling;
    let texts: string[] | undefined;
    const send = (connection: Connection, frames: string[]) =>
      frames.forEach((text) =>
        this.#delivery.send(connection, LEGACY_CHANGES, text),
      );
    const stringify = (changes: Changes[]) =>
      changes.map((one) => JSON.stringify(one));
    // What it is shown may be older than what it has written meanwhile.
    const contest = (connection: Connection, changes: Changes[]) =>
      changes.forEach((one) =>
        this.#heal.touch(connection, one, this.#edge.now(), true),
      );
    for (const connection of connections) {
      if (!this.#asked.has(connection)) {
        this.#asked.add(connection);
        this.askForHello(connection);
      }
      const author = authors.get(connection);
      if (!author || authors.size > 1 || hasOthers) {
        if (list.length && !without.includes(connection.id)) {
          send(connection, (texts ??= stringify(list)));
        }
        if (author) {
          contest(connection, list);
        }
      }
      const heal = heals.get(connection);
      if (heal) {
        send(connection, stringify(heal));
        contest(connection, heal);
      }
    }
  }

  /** Closes a connection; what still comes from it is not taken. */
  retire(connection: Connection, code: number, reason: string): void {
    this.#retired.add(connection);
    this.#remember(connection, {clientId: '', mark: ''});
    this.#edge.close(connection, code, reason);
  }

  #remember(connection: Connection, greeting: Greeting): void {
    this.#greetings.set(connection, greeting);
    this.#edge.remember(connection, greeting);
  }

  /** Sends to those who have said hello. */
  #tell(connections: Connection[], letter: string, text: string): void {
    // Where the platform can only broadcast, there is nobody in particular.
    const somebody: Connection[] = [];
    const everyone: Connection[] = [];
    for (const connection of connections) {
      if (!this.#retired.has(connection)) {
        const isSomebody = this.recall(connection)?.clientId;
        (isSomebody ? somebody : everyone).push(connection);
      }
    }
    everyone.forEach((connection) =>
      this.#delivery.send(connection, letter, text),
    );
    this.#delivery.sendCounted(somebody, letter, text);
  }
}
