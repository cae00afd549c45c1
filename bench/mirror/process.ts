/**
 * Brings a sink up to date with one room: by a mirror, or as one does without.
 * Tells its parent what it has written when that asks.
 */
import {createServer} from 'node:http';
import {createMirror} from '../../src/mirror/index.js';
import type {Sink} from '../../src/mirror/sink.js';
import {
  createNodeWebhookListener,
  createWebhookHandler,
} from '../../src/webhook/index.js';
import {openSink, type Place} from '../../test/support/chaos/sinks.js';
import {decodeContent} from '../../test/support/content.js';
import {SECRET} from './secret.js';

export type MirrorProcessOptions = {
  place: Place;
  /** The id of the room, and the address of its Store. */
  id: string;
  url: string;
  /** By the live feed, by webhooks to a port, or by asking each so often. */
  by: 'feed' | {port: number} | {everyMs: number};
};

/** Since it was started. */
export type Written = {
  batches: number;
  commits: number;
  /** Batches that replaced all of the room, and so have no commits. */
  wholes: number;
};

const {place, id, url, by} = JSON.parse(
  process.argv[2]!,
) as MirrorProcessOptions;
const written: Written = {batches: 0, commits: 0, wholes: 0};

const tell = (error: unknown): void => console.error(error);

const startMirror = async (sink: Sink): Promise<void> => {
  const mirror = createMirror({
    sink,
    ...(by == 'feed'
      ? {room: {id, url}}
      : {getRoom: () => ({id, url}), followDiscovered: false}),
    onWritten: ({commits}) => {
      written.batches++;
      written.commits += commits ?? 0;
      written.wholes += commits === undefined ? 1 : 0;
    },
    onIgnoredError: tell,
  });
  await mirror.start();
  if (typeof by == 'object' && 'port' in by) {
    const handle = createWebhookHandler({
      secret: SECRET,
      onStoreUpdated: mirror.onStoreUpdated,
      onIgnoredError: tell,
    });
    const server = createServer(createNodeWebhookListener(handle));
    await new Promise<void>((resolve) => {
      server.listen(by.port, '127.0.0.1', () => resolve());
    });
  }
};

/** Writes all of the content where it is another one than before. */
const startPolling = async (sink: Sink, everyMs: number): Promise<void> => {
  await sink.open?.();
  let after = await sink.read(id);
  const poll = async (): Promise<void> => {
    const response = await fetch(url);
    const text = await response.text();
    const [, epoch, offset] =
      /"(\w+)\.(\d+)"/.exec(response.headers.get('etag') ?? '') ?? [];
    if (epoch !== undefined && Number(offset) !== after?.offset) {
      const position = {epoch, offset: Number(offset)};
      await sink.write({
        room: id,
        after,
        position,
        time: Date.now(),
        commits: undefined,
        content: decodeContent(JSON.parse(text)),
      });
      after = position;
      written.batches++;
      written.wholes++;
    }
  };
  await poll();
  setInterval(() => void poll().catch(tell), everyMs);
};

const sink = await openSink(place);
await (typeof by == 'object' && 'everyMs' in by
  ? startPolling(sink, by.everyMs)
  : startMirror(sink));
process.on('message', () => process.send!(written));
process.on('disconnect', () => process.exit());
process.send!('ready');
