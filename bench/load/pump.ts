/**
 * Keeps a number of changes in flight, and measures: a change is done when the
 * first reader has been told of it.
 */

/** How long the first change is waited for, at most. */
const PATIENCE_MS = 10_000;

/** What is to be kept in flight, and how long it is measured. */
export type PumpOptions = {
  writers: number;
  /** Of all writers together. */
  inFlight: number;
  warmUpMs: number;
  measureMs: number;
  /** How many Rows the changes go round. */
  rows: number;
};

export type StreamResult = {
  /** All that the first reader was told of, that of the warm-up, too. */
  changes: number;
  changesPerSecond: number;
  /** From sending a change to the first reader being told of it. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
};

/** Sends a writer's `count`th change: of one Cell of that Row to the token. */
export type SendChange = (
  writer: number,
  token: string,
  rowId: string,
  count: number,
) => void;

const TOKEN = /(\d+)#(\d+)/g;

export const createPump = (options: PumpOptions, send: SendChange) => {
  const writers = Array.from({length: options.writers}, (_, writer) => writer);
  const windowSize = Math.max(1, Math.floor(options.inFlight / writers.length));
  const sent = writers.map(() => 0);
  const done = writers.map(() => 0);
  const sentAt = writers.map(() => new Map<number, number>());
  const latencies: number[] = [];
  let isMeasuring = false;
  let isOver = false;

  const pump = (writer: number): void => {
    if (isOver) {
      return;
    }
    while (sent[writer]! - done[writer]! < windowSize) {
      const count = ++sent[writer]!;
      sentAt[writer]!.set(count, performance.now());
      send(
        writer,
        `${writer}#${count}`,
        `${writer}-${count % options.rows}`,
        count,
      );
    }
  };

  return {
    /** The first reader was told of the tokens in this text. */
    note: (text: string): void => {
      const now = performance.now();
      for (const [, writer, count] of text.matchAll(TOKEN)) {
        const at = sentAt[+writer!]?.get(+count!);
        if (at !== undefined) {
          sentAt[+writer!]!.delete(+count!);
          done[+writer!]!++;
          if (isMeasuring) {
            latencies.push(now - at);
          }
        }
      }
      writers.forEach(pump);
    },

    /** How many changes the first reader has not been told of. */
    countInFlight: (): number =>
      sentAt.reduce((count, {size}) => count + size, 0),

    /** Sends for as long as the options say. */
    run: async (): Promise<StreamResult> => {
      writers.forEach(pump);
      await new Promise((resolve) => setTimeout(resolve, options.warmUpMs));
      isMeasuring = true;
      const startedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, options.measureMs));
      // A smoke run is short, and the machine may be busy with else.
      while (!latencies.length && performance.now() - startedAt < PATIENCE_MS) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      isMeasuring = false;
      const seconds = (performance.now() - startedAt) / 1_000;
      isOver = true;
      if (!latencies.length) {
        throw new Error('the reader was told of no change');
      }
      latencies.sort((a, b) => a - b);
      const at = (share: number) =>
        latencies[Math.floor(latencies.length * share)]!;
      return {
        changes: done.reduce((sum, count) => sum + count, 0),
        changesPerSecond: latencies.length / seconds,
        p50Ms: at(0.5),
        p99Ms: at(0.99),
        maxMs: latencies.at(-1)!,
      };
    },
  };
};
