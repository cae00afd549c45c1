/** What a mirror writes to: a database, or whatever else can keep its place. */
import type {Changes, Content} from 'tinybase';

/** How far a room, or a sink, is. */
export type Position = {
  /** The room's history: offsets of another epoch say nothing of this one. */
  epoch: string;
  offset: number;
};

/** What happened in a room at once. */
export type Commit = {
  epoch: string;
  /** The offset of the commit before. */
  after: number;
  offset: number;
  /**
   * In milliseconds since 1970, by the room's clock. Where it is missing this
   * stands for several commits, by their net effect.
   */
  time?: number;
  /** Whose doing it was, where the room says so (`getAuthor`). */
  author?: string;
  /** What to give to `applyChanges` of a Store, in order; may be none. */
  changes: Changes[];
};

/** What is written to a sink in one transaction. */
export type Batch = {
  /** The id of the room, by which the sink knows it. */
  room: string;
  /** Where the sink has to be; undefined where it must not know the room. */
  after: Position | undefined;
  /** Where it is then. */
  position: Position;
  /** When the room came to there: milliseconds since 1970. */
  time: number;
  /**
   * The commits between, in order: the first comes after `after.offset`, each
   * other after the one before, the last is at `position`. Undefined where they
   * are not known, as with a new room, a new epoch, or where the room's log does
   * not reach back: then `content` replaces all that the sink has.
   */
  commits: Commit[] | undefined;
  /** All of the Store at `position`, as `setContent` takes it. Not to be changed. */
  content: Content;
};

/** Where a sink is with a room. */
export type SinkState = Position & {
  /** All of the Store there, where the sink has it: it need not be loaded then. */
  content?: Content;
};

/** Changes that others have made in a sink, for the room to be told. */
export type SinkEdits = {
  /**
   * Who pushes, 1 to 64 characters of `A–Z a–z 0–9 _ -`: the same as long as the
   * sink counts on.
   */
  clientId: string;
  /** From 1 on, one more for each that differs. */
  number: number;
  changes: Changes;
};

/** What a two-way sink can do as well. */
export type TwoWaySink = {
  /** The rooms in which there is something to take. */
  listEdited(): Promise<string[]>;
  /**
   * What others have changed. Until that is settled it is the same, number and
   * changes, whatever crashes, and more is taken only then.
   */
  take(room: string): Promise<SinkEdits | undefined>;
  /**
   * The room has decided, and the sink has all up to where it did. The sink
   * forgets these edits, and has what the room has in their place, in one
   * transaction; what others have changed since stays to be taken. Resolves to
   * false, having done nothing, where the sink is not at `state`.
   */
  settle(
    room: string,
    number: number,
    state: Position & {content: Content},
  ): Promise<boolean>;
};

/**
 * What a mirror writes to. It keeps what it is given and the position that this
 * reaches in one transaction: after a crash at any point it has both or neither.
 */
export type Sink = {
  /**
   * Whether it wants each commit by itself, as a history does. Without that it is
   * given several by their net effect where that is less to load.
   */
  readonly wantsEachCommit?: boolean;
  /** Makes what it needs, where that is missing. Called first, may come again. */
  open?(): Promise<void>;
  /** Where it is with a room; undefined where it does not know it. */
  read(room: string): Promise<SinkState | undefined>;
  /**
   * Writes all of a batch, or throws and has written nothing. It resolves to
   * false, having written nothing, where it is not at `batch.after`: somebody
   * else has written, or a write that was thought lost was not. An error may
   * also leave open whether it has written; the mirror then reads where it is.
   */
  write(batch: Batch): Promise<boolean>;
  /** The rooms that it knows. */
  listRooms(): Promise<string[]>;
  /** Lets go of what it has opened itself. */
  close?(): Promise<void>;
  /** There in a sink that others may write to, too. */
  readonly twoWay?: TwoWaySink;
};

const isFunction = (thing: unknown): boolean => typeof thing == 'function';

/**
 * A sink of your own, for `createMirror`. It returns what it is given, checked: a
 * sink without `read`, `write` or `listRooms` is a TypeError at once. Whether it
 * keeps what it promises says the suite of `tinybase-partykit/mirror/contract`.
 *
 * @example
 * ```ts
 * import {createSink, type SinkState} from 'tinybase-partykit/mirror';
 *
 * const states = new Map<string, SinkState>();
 *
 * const sink = createSink({
 *   read: async (room) => states.get(room),
 *   write: async ({room, after, position, content}) => {
 *     const state = states.get(room);
 *     if (state?.epoch !== after?.epoch || state?.offset !== after?.offset) {
 *       return false;
 *     }
 *     states.set(room, {...position, content: structuredClone(content)});
 *     return true;
 *   },
 *   listRooms: async () => [...states.keys()],
 * });
 * ```
 */
export const createSink = <Given extends Sink>(sink: Given): Given => {
  for (const name of ['read', 'write', 'listRooms'] as const) {
    if (!isFunction(sink?.[name])) {
      throw new TypeError(`A sink needs a function \`${name}\`.`);
    }
  }
  for (const name of ['open', 'close'] as const) {
    if (sink[name] !== undefined && !isFunction(sink[name])) {
      throw new TypeError(`\`${name}\` of a sink is a function, or left out.`);
    }
  }
  return sink;
};

export const isSamePosition = (
  one: Position | undefined,
  other: Position | undefined,
): boolean => one?.epoch === other?.epoch && one?.offset === other?.offset;
