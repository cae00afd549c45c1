/** How much a sink takes while its room is written to as fast as that goes. */
import type {StreamOptions} from '../load/stream.js';
import type {StreamResult} from '../load/pump.js';
import type {Scene} from './scene.js';
import {runLoad} from '../run-load.js';
import {until} from '../../test/support/until.js';

export type Throughput = {
  commitsPerSecond: number;
  changesPerSecond: number;
  batchesPerSecond: number;
  /** From when the writers have gone until the sink has all. */
  behindMs: number;
};

const getOffset = async (url: string): Promise<number> => {
  const {headers} = await fetch(url, {method: 'HEAD'});
  return Number(/\.(\d+)"/.exec(headers.get('etag')!)![1]);
};

/** All of it counts: from the first change until the sink has the last. */
export const measureThroughput = async (
  {place, id, url, dev, getWritten}: Scene,
  {loadDir, measureMs}: {loadDir: string; measureMs: number},
): Promise<Throughput> => {
  const before = await getWritten();
  const offset = await getOffset(url);
  const load = runLoad<StreamOptions, StreamResult>({loadDir}, 'stream', {
    host: dev.host,
    party: 'main',
    room: id,
    subject: 'ours',
    writers: 4,
    readers: 1,
    inFlight: 32,
    rows: 100,
    warmUpMs: 0,
    measureMs,
  });
  // Not before: the writers take a while to come.
  const beginning = until(async () => (await getOffset(url)) > offset, {
    timeoutMs: 30_000,
  });
  const [startedAt] = await Promise.all([
    beginning.then(() => performance.now()),
    load,
  ]);
  const writtenAt = performance.now();
  const last = await getOffset(url);
  await until(async () => (await place.getOffset(id)) == last, {
    timeoutMs: 120_000,
    message: 'the sink has all',
  });
  const now = performance.now();
  const after = await getWritten();
  const perSecond = (count: number) => (count / (now - startedAt)) * 1_000;
  return {
    commitsPerSecond: perSecond(after.commits - before.commits),
    changesPerSecond: perSecond(last - offset),
    batchesPerSecond: perSecond(after.batches - before.batches),
    behindMs: now - writtenAt,
  };
};
