/** A mirror as a process: what it is to do is in `CHAOS_MIRROR`, as JSON. */
import {createServer} from 'node:http';
import {createMirror} from '../../../src/mirror/index.js';
import {
  createNodeWebhookListener,
  createWebhookHandler,
} from '../../../src/webhook/index.js';
import {openSink, type Place} from './sinks.js';

export type ChaosMirrorOptions = {
  place: Place;
  /** The address of the room's Store. */
  room: string;
  /** Where it is told by webhooks; it follows no feed then. */
  webhooks?: {port: number; secret: string};
  twoWay?: boolean;
};

const {place, room, webhooks, twoWay} = JSON.parse(
  process.env.CHAOS_MIRROR!,
) as ChaosMirrorOptions;

const tell = (error: unknown, about?: string): void => {
  process.stderr.write(`${about ?? ''} ${String(error)}\n`);
};

const sink = await openSink(place);
const mirror = createMirror({
  sink,
  ...(webhooks ? {getRoom: () => room, followDiscovered: false} : {room}),
  ...(twoWay ? {twoWay, pollMs: 50} : {}),
  onIgnoredError: tell,
});
await mirror.start();

if (webhooks) {
  const handle = createWebhookHandler({
    secret: webhooks.secret,
    onStoreUpdated: mirror.onStoreUpdated,
    onIgnoredError: tell,
  });
  await new Promise<void>((resolve) => {
    createServer(createNodeWebhookListener(handle)).listen(
      webhooks.port,
      '127.0.0.1',
      () => resolve(),
    );
  });
}
process.stdout.write('ready\n');
