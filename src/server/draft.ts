/** The commit that is being put together. */
import {type Changes, type Content, isEmpty} from '../protocol/changes.js';
import {Delta, type DeltaList} from '../protocol/delta.js';
import type {Author} from './audience.js';
import type {Greeting} from './room-edge.js';
import {addAnswer, type Clients} from './storage/clients.js';
import type {Answer} from '../protocol/messages.js';

export type Drafted<Connection> = {
  list: DeltaList;
  /** By how much the offset goes up. */
  steps: number;
  /** Whose doing it is, where that is asked for. */
  author: string | undefined;
  authors: Map<Connection, Author<Connection>>;
  /** What is answered to clients that are not connected. */
  keyed: Clients;
  hasOthers: boolean;
  without: string[];
};

export class Draft<Connection> {
  #delta = new Delta();
  #steps = 0;
  #claim: {author: string | undefined} | undefined;
  #authors = new Map<Connection, Author<Connection>>();
  #keyed: Clients = new Map();
  #hasOthers = false;
  #without: string[] | undefined;

  /** Whether nothing has changed. */
  get isEmpty(): boolean {
    return this.#delta.isEmpty();
  }

  /** Whether somebody's pushes are in it. */
  get isClaimed(): boolean {
    return this.#claim !== undefined;
  }

  /** Whether there is nothing in it of anybody but an author. */
  isOf(author: string | undefined): boolean {
    return this.#claim ? this.#claim.author === author : this.isEmpty;
  }

  /** What is in it is an author's from now on. */
  claim(author: string | undefined): void {
    this.#claim = {author};
  }

  /** Adds what has happened, whoever did it. */
  add(changes: Changes): void {
    this.#delta.add(changes);
  }

  /** A push, or what else counts as one, took effect. */
  countStep(changes: Changes | Content): void {
    this.#steps += isEmpty(changes) ? 0 : 1;
  }

  /** Adds what nobody pushed: the room's own code, or a schema. */
  noteOthers(): void {
    this.#hasOthers = true;
  }

  /** The server's own changes come next, which these need not be told. */
  spare(connectionIds: string[]): void {
    this.#hasOthers ||= this.#steps > 0;
    this.#without = connectionIds;
    this.#steps++;
  }

  /** Adds what is answered to a client that is not connected. */
  noteAnswer(clientId: string, answer: Answer): void {
    addAnswer(this.#keyed, clientId, answer);
  }

  getAuthor(
    connection: Connection,
    greeting: Greeting | undefined,
  ): Author<Connection> {
    let author = this.#authors.get(connection);
    if (!author) {
      author = {
        connection,
        greeting,
        answer: [0],
        asSent: true,
        heal: new Delta(),
      };
      this.#authors.set(connection, author);
    }
    author.greeting = greeting ?? author.greeting;
    return author;
  }

  /** The commit; what comes from here on is of the next. */
  take(): Drafted<Connection> {
    const drafted = {
      list: this.#delta.toList(),
      steps: this.#steps,
      author: this.#claim?.author,
      authors: this.#authors,
      keyed: this.#keyed,
      hasOthers: this.#hasOthers || this.#without !== undefined,
      without:
        this.#hasOthers || this.#authors.size ? [] : (this.#without ?? []),
    };
    this.#delta = new Delta();
    this.#steps = 0;
    this.#claim = undefined;
    this.#authors = new Map();
    this.#keyed = new Map();
    this.#hasOthers = false;
    this.#without = undefined;
    return drafted;
  }
}
