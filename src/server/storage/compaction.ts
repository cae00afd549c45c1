/**
 * Makes a new snapshot out of the old one and the log after it, a step at a time:
 * commits go on meanwhile, and nothing is ever in memory whole.
 */
import {Delta} from '../../protocol/delta.js';
import {MAX_COMPACTED_BYTES} from '../../protocol/limits.js';
import type {Head, Tail} from './head.js';
import {
  type KeyValueStorage,
  readPages,
  writeKeys,
} from './key-value-storage.js';
import type {Layout} from './layout.js';
import {readEntries} from './log-entries.js';
import {PatchedThings} from './patched-things.js';
import {readSegment, type Thing} from './segments.js';
import {readSegments, type SnapshotHead, SnapshotWriter} from './snapshot.js';
import {Weights} from './weights.js';

/** How much a step deals with: it is what a push may have to wait for. */
const STEP_BYTES = 130_000;
/** So many keys cost as much as that, however little is in them. */
const MAX_KEYS_A_STEP = 100;

/** In how many parts the log that is kept for catching up is let go of. */
const MARKS_A_WINDOW = 32;

export type CompactionStorage = {
  storage: KeyValueStorage;
  layout: Layout;
  /** Whether it has to end, with nothing more written. */
  isOver(): boolean;
};

/** `urgent`: the log grows more quickly than it is dealt with in good time. */
export type CompactionNeed = 'none' | 'due' | 'urgent';

/**
 * Up to which offset the log is dealt with, if it is not too much at once, and
 * how much of it is kept.
 */
export type CompactionBounds = {upTo: number; maxWindowBytes: number};

/** What a snapshot that is written changes in the head. */
export type NextHead = SnapshotHead &
  Pick<Head, 'offset' | 'logged' | 'taken' | 'tail' | 'marks'>;

/**
 * A step ends with each thing that these yield. Where it is `alone`, the next
 * one is to be taken while no commit is under way: it replaces the head.
 */
export type Steps<Result = void> = AsyncGenerator<'alone' | undefined, Result>;

/** Deletes what has a prefix, up to the first entry that is not meant. */
export async function* deleteKeys(
  {storage, isOver}: CompactionStorage,
  prefix: string,
  isMeant: (entry: [key: string, value: unknown]) => boolean = () => true,
): Steps {
  for await (const page of readPages(storage, prefix, {
    pageBytes: STEP_BYTES,
  })) {
    const isLast = !isMeant(page.at(-1)!);
    const keys = (isLast ? page.filter(isMeant) : page).map(([key]) => key);
    while (keys.length) {
      if (isOver()) {
        return;
      }
      await writeKeys(storage, [], keys.splice(0, MAX_KEYS_A_STEP));
      yield undefined;
    }
    if (isLast) {
      return;
    }
  }
}

/** Tells of each entry that is read, by its bytes, whether a step ends with it. */
const createStepMeter = (): ((bytes: number) => boolean) => {
  let stepBytes = 0;
  return (bytes) => {
    stepBytes += bytes + STEP_BYTES / MAX_KEYS_A_STEP;
    const isStep = stepBytes >= STEP_BYTES;
    stepBytes = isStep ? 0 : stepBytes;
    return isStep;
  };
};

/** What the log since the snapshot has changed, and from where on it is kept. */
async function* readLog(
  {storage, layout}: CompactionStorage,
  head: Head,
  {upTo, maxWindowBytes}: CompactionBounds,
): Steps<Omit<NextHead, keyof SnapshotHead> & {delta: Delta}> {
  const delta = new Delta();
  const marks: Tail[] = [...head.marks];
  let {offset: reached, logged, taken} = head;
  const isStep = createStepMeter();
  for await (const {offset, entry, bytes} of readEntries(
    storage,
    layout,
    {after: head.offset, upTo},
    STEP_BYTES,
  )) {
    if (logged - head.logged > MAX_COMPACTED_BYTES) {
      break;
    }
    reached = offset;
    [, , logged, taken] = entry;
    entry[0].forEach((changes) => delta.add(changes));
    if (logged - marks.at(-1)!.logged >= maxWindowBytes / MARKS_A_WINDOW) {
      marks.push({offset, logged});
    }
    if (isStep(bytes)) {
      yield undefined;
    }
  }
  const kept = marks.filter((mark) => logged - mark.logged <= maxWindowBytes);
  const [tail = {offset: reached, logged}] = kept;
  return {
    delta,
    offset: reached,
    logged,
    taken,
    tail,
    marks: kept.length ? kept : [tail],
  };
}

/**
 * Writes the content at an offset beside the snapshot that there is; what it
 * returns, put into the head, makes it the one that counts.
 */
export async function* writeNextSnapshot(
  on: CompactionStorage,
  head: Head,
  bounds: CompactionBounds,
): Steps<NextHead> {
  const {storage, layout, isOver} = on;
  const generation = head.generation + 1;
  // One that was not finished.
  yield* deleteKeys(on, layout.getSnapshotPrefix(generation));
  const {delta, ...extent} = yield* readLog(on, head, bounds);
  const patched = new PatchedThings(delta);
  const writer = new SnapshotWriter(layout, generation);
  const write = async function* (things: Iterable<Thing>): Steps {
    for (const thing of things) {
      writer.add(thing);
      if (writer.isFull) {
        const puts = writer.takePuts();
        if (!isOver()) {
          await writeKeys(storage, puts);
        }
        // Also where it is over: whoever takes the steps ends it then.
        yield undefined;
      }
    }
  };
  for await (const segment of readSegments(storage, layout, head.generation, {
    pageBytes: STEP_BYTES,
  })) {
    yield* write(patched.patch(readSegment(segment)));
  }
  yield* write(patched.finish());
  const snapshot = writer.finish();
  if (!isOver()) {
    await writeKeys(storage, writer.takePuts());
  }
  return {...snapshot, ...extent};
}

/** How much of a snapshot the commits since have taken away of it. */
export class TakenSince {
  bytes = 0;
  readonly weights: Weights;
  #offset: number;

  constructor({offset, weights}: Pick<NextHead, 'offset' | 'weights'>) {
    this.#offset = offset;
    this.weights = new Weights(weights);
  }

  /** Weighs what was committed up to an offset; may be called again. */
  async *weigh({storage, layout}: CompactionStorage, upTo: number): Steps {
    const isStep = createStepMeter();
    for await (const {offset, entry, bytes} of readEntries(
      storage,
      layout,
      {after: this.#offset, upTo},
      STEP_BYTES,
    )) {
      entry[0].forEach((changes) => (this.bytes += this.weights.take(changes)));
      this.#offset = offset;
      if (isStep(bytes)) {
        yield undefined;
      }
    }
  }
}
