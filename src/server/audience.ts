/** Who is connected, and what each of them is told. */
import type {Store} from 'tinybase';
import type {Changes} from '../protocol/changes.js';
import {Delta, type DeltaList} from '../protocol/delta.js';
import {PING_LENGTH} from '../protocol/limits.js';
import {
  type Answer,
  COMMIT,
  LEGACY_CHANGES,
  PING,
  PONG,
  PROTOCOL_VERSION,
  WELCOME,
  type Welcome,
} from '../protocol/messages.js';
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

/** What a connection has been sent without a sign that it reads. */
type Unread = {
  length: number;
  /** The ping under way, and what it will show to be read. */
  token: string;
  asked: number;
};

export class Audience<Connection extends RoomConnection> {
  readonly heal = new LegacyHeal();
  readonly #edge: RoomEdge<Connection>;
  readonly #greetings = new WeakMap<Connection, Greeting>();
  /** Connections that may have said hello before the room slept. */
  readonly #asked = new WeakSet<Connection>();
  readonly #unread = new WeakMap<Connection, Unread>();
  readonly #retired = new WeakSet<Connection>();

  constructor(edge: RoomEdge<Connection>) {
    this.#edge = edge;
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
      this.#send(connection, PONG, payload);
    }
  }

  /** Notes that a connection has read all that came before a ping. */
  notePong(connection: Connection, token: string): void {
    const unread = this.#unread.get(connection);
    if (token && unread?.token === token) {
      unread.length -= unread.asked;
      unread.token = '';
    }
  }

  isRetired(connection: Connection): boolean {
    return this.#retired.has(connection);
  }

  welcome(connection: Connection, welcome: Welcome): void {
    this.#send(connection, WELCOME, JSON.stringify(welcome));
  }

  /** Makes a client say hello (again); one of TinyBase's takes no notice. */
  askForHello(connection: Connection): void {
    this.#send(connection, WELCOME, JSON.stringify([PROTOCOL_VERSION, '']));
  }

  askAllForHello(): void {
    for (const connection of this.#edge.getConnections()) {
      this.askForHello(connection);
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

  /** Tells everyone; without a delta only those whose pushes are answered. */
  tell({offset, list, text, authors, hasOthers}: Telling<Connection>): void {
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
      const answers = getAnswers([sole]);
      this.#send(sole.connection, COMMIT, `[${offset},0,${answers}]`);
      if (list.length) {
        this.#broadcast(COMMIT, `[${offset},${text}]`, sole.connection);
      }
    } else {
      const commit = `[${offset},${text},${getAnswers(answered)}]`;
      if (list.length) {
        this.#broadcast(COMMIT, commit);
      } else {
        answered.forEach(({connection}) =>
          this.#send(connection, COMMIT, commit),
        );
      }
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
  tellLegacy(telling: Telling<Connection>): void {
    const {list, authors, hasOthers, without, heals} = telling;
    let texts: string[] | undefined;
    const send = (connection: Connection, frames: string[]) =>
      frames.forEach((text) => this.#send(connection, LEGACY_CHANGES, text));
    const stringify = (changes: Changes[]) =>
      changes.map((one) => JSON.stringify(one));
    // What it is shown may be older than what it has written meanwhile.
    const contest = (connection: Connection, changes: Changes[]) =>
      changes.forEach((one) =>
        this.heal.touch(connection, one, this.#edge.now(), true),
      );
    for (const connection of this.#edge.getConnections()) {
      if (this.recall(connection)) {
        continue;
      }
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

  #broadcast(letter: string, text: string, except?: Connection): void {
    const frame = this.#edge.messagePrefix + letter + text;
    for (const connection of this.#edge.getConnections()) {
      if (connection !== except && this.recall(connection)) {
        this.#sendFrame(connection, frame);
      }
    }
  }

  #send(connection: Connection, letter: string, text: string): void {
    this.#sendFrame(connection, this.#edge.messagePrefix + letter + text);
  }

  /**
   * The platform takes whatever it is given, and keeps it for a reader that has
   * stopped reading: so it is the room that counts. Who has not said hello knows
   * no pings, and is not counted.
   */
  #sendFrame(connection: Connection, frame: string): void {
    const {messagePrefix, limits} = this.#edge;
    if (this.#retired.has(connection)) {
      return;
    }
    let unread = this.#unread.get(connection);
    if (!unread) {
      unread = {length: 0, token: '', asked: 0};
      this.#unread.set(connection, unread);
    }
    if (unread.length > limits.maxUnreadLength) {
      this.retire(connection, 4429, 'Too much is unread');
      return;
    }
    this.#edge.send(connection, frame);
    if (this.recall(connection)?.clientId) {
      unread.length += frame.length;
      if (!unread.token && unread.length >= PING_LENGTH) {
        unread.token = this.#edge.createMark();
        unread.asked = unread.length;
        this.#edge.send(
          connection,
          `${messagePrefix}${PING}["${unread.token}"]`,
        );
      }
    }
  }
}
