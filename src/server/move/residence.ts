/**
 * Whether a room lives in this storage. Of two storages that it moves between one
 * has it: the other is away, and says so before it gives the archive of the room.
 */
import {HAS_STORE} from '../storage/legacy-layout.js';
import type {KeyValueStorage} from '../storage/key-value-storage.js';
import {Layout} from '../storage/layout.js';
import {parseHeader} from './archive-lines.js';
import {AwayError} from './away-error.js';
import {clearRoom, unpackArchive} from './unpack-archive.js';
import {writeArchive} from './write-archive.js';

/** Where a room may live as long as it was not asked for there. */
export type Origin = {
  readonly url: string;
  /** Has the room leave there; the lines of its archive, in an iterator. */
  fetchArchive(): Promise<AsyncGenerator<string>>;
};

export type ResidenceEdge = {
  readonly storage: KeyValueStorage;
  readonly storagePrefix: string;
  readonly origin?: Origin | undefined;
  /** The room lives here, and is open. */
  onEnter?(): void;
  /** It could not be fetched; who has come is not told why. */
  onFailure?(error: unknown): void;
};

/** What is stored of it; nothing where the room has never moved. */
type Note = {
  /** How often it has arrived: who has the higher number has the newer content. */
  moves: number;
  /** It was given to another storage. */
  isAway: boolean;
  /** It was asked for, and has not arrived yet. */
  isArriving?: boolean;
  /** Where it was asked for last. */
  from?: string;
};

export class Residence {
  readonly #edge: ResidenceEdge;
  readonly #layout: Layout;
  /** Settled when nobody is arriving or coming back. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(edge: ResidenceEdge) {
    this.#edge = edge;
    this.#layout = new Layout(edge.storagePrefix);
  }

  /**
   * Opens what the room has stored, which is fetched first where it may live at
   * its origin.
   *
   * @throws AwayError where it does not live here, or cannot be fetched.
   */
  async enter(open: () => Promise<void>): Promise<void> {
    const {origin} = this.#edge;
    if (origin) {
      await this.#runAlone(() => this.#arrive(origin));
      await open();
    } else {
      // Both at once: a room that wakes keeps its first client waiting for this. But
      // what is opened has to end before that fails.
      const noted = this.#readNote();
      noted.catch(() => {});
      await open();
      const {isAway, isArriving} = await noted;
      if (isAway || isArriving) {
        throw new AwayError();
      }
    }
    this.#edge.onEnter?.();
  }

  /** Notes that the room lives elsewhere: nothing is to be written any more. */
  async leave(): Promise<void> {
    await this.#putNote({...(await this.#readNote()), isAway: true});
  }

  /**
   * Whether it has left, where it cannot be opened: what was asked for and has not
   * arrived has, too, once nobody asks for it any more.
   */
  async hasLeft(): Promise<boolean> {
    const {isAway, isArriving} = await this.#readNote();
    if (!isAway && isArriving && !this.#edge.origin) {
      await this.leave();
      return true;
    }
    return isAway;
  }

  /** Notes that it lives here, whatever was given away, and asks no more for it. */
  return(): Promise<void> {
    const {origin} = this.#edge;
    return this.#runAlone(async () => {
      const note = await this.#readNote();
      if (note.isAway || note.isArriving) {
        await this.#clearUnfinished(note);
        await this.#putNote({
          ...note,
          isAway: false,
          isArriving: false,
          ...(origin && {from: origin.url}),
        });
      }
    });
  }

  /** The lines of the archive of the room, which has left. */
  async *writeArchive(): AsyncGenerator<string> {
    const {moves, isArriving = false} = await this.#readNote();
    yield* writeArchive(this.#edge, {moves, isArriving});
  }

  async #arrive(origin: Origin): Promise<void> {
    const {storage, storagePrefix} = this.#edge;
    const [note, head, isLegacy] = await Promise.all([
      this.#readNote(),
      storage.get(this.#layout.head),
      storage.get(storagePrefix + HAS_STORE),
    ]);
    const isHere = !note.isAway && !note.isArriving;
    if (isHere && (head || isLegacy || note.from == origin.url)) {
      return;
    }
    let lines: AsyncGenerator<string> | undefined;
    try {
      if (!note.isArriving) {
        // First: whatever is lost from here on, nobody begins another Store here.
        await this.#putNote({...note, isArriving: true});
      }
      lines = await origin.fetchArchive();
      const {value} = await lines.next();
      const header = parseHeader(value);
      const arrived: Note = {
        moves: Math.max(note.moves, header.moves + 1),
        isAway: false,
        from: origin.url,
      };
      const isNewer = header.moves >= note.moves;
      if (!isNewer && note.isAway && !header.isArriving) {
        throw new Error('It was given to neither of the two.');
      }
      if (isNewer && header.epoch) {
        await unpackArchive(storage, this.#layout, {
          lines,
          alongside: {[this.#layout.move]: arrived},
        });
      } else {
        // Nothing is there, or what this room itself had before it went there.
        await this.#clearUnfinished(note);
        await this.#putNote(arrived);
      }
    } catch (cause) {
      this.#edge.onFailure?.(cause);
      throw new AwayError(
        'The room could not be fetched from where it may live: try again.',
        {cause},
      );
    } finally {
      await lines?.return(undefined);
    }
  }

  /** Deletes what has come of an archive without its end: no room's content. */
  async #clearUnfinished({isArriving}: Note): Promise<void> {
    const {storage} = this.#edge;
    if (isArriving && !(await storage.get(this.#layout.head))) {
      await clearRoom(storage, this.#layout);
    }
  }

  /** One thing after the other. */
  #runAlone<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }

  async #readNote(): Promise<Note> {
    const note = await this.#edge.storage.get(this.#layout.move);
    return (note as Note | undefined) ?? {moves: 0, isAway: false};
  }

  async #putNote(note: Note): Promise<void> {
    await this.#edge.storage.put({[this.#layout.move]: note});
  }
}
