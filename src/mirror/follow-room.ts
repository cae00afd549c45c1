/** Follows a room by its live feed, for as long as it is wanted. */
import {getRetryMs, wait} from './backoff.js';
import {FeedStream} from './feed-stream.js';
import type {RoomHttp} from './room-http.js';
import type {RoomMirror} from './room-mirror.js';
import {OutOfStepError} from './room-sink.js';

/** A stream that was open for so long has not failed, even if nothing came. */
const LASTING_MS = 5_000;

export type FollowState = 'connecting' | 'following' | 'waiting';

type Following = {
  /** Who takes what the feed tells; a mirror, mostly. */
  mirror: Pick<RoomMirror, 'getStart' | 'take'>;
  http: RoomHttp;
  throttleMs: number;
  signal: AbortSignal;
  onState: (state: FollowState) => void;
  onError: (error: unknown) => void;
};

/** Until the stream ends; resolves to whether it was of use. */
const followOnce = async ({
  mirror,
  http,
  throttleMs,
  signal,
  onState,
}: Following): Promise<boolean> => {
  onState('connecting');
  const start = await mirror.getStart();
  const stream = new FeedStream(await http.openFeed(start, signal));
  const openedAt = Date.now();
  const close = () => void stream.close();
  signal.addEventListener('abort', close);
  if (signal.aborted) {
    close();
  }
  let hasCome = false;
  try {
    onState('following');
    for (;;) {
      await stream.wait();
      if (signal.aborted || stream.isOver) {
        // Where it has ended by an error, that is thrown here.
        stream.take();
        return hasCome || Date.now() - openedAt > LASTING_MS;
      }
      if (throttleMs) {
        await wait(throttleMs, signal);
      }
      await mirror.take(stream.take(), signal);
      hasCome = true;
    }
  } finally {
    signal.removeEventListener('abort', close);
    await stream.close();
  }
};

/** Resolves when it is aborted, after the write under way. */
export const followRoom = async (following: Following): Promise<void> => {
  const {signal, onState, onError} = following;
  let failures = 0;
  while (!signal.aborted) {
    try {
      // A stream may end for no reason but that it is old.
      failures = (await followOnce(following)) ? 0 : failures + 1;
    } catch (error) {
      failures++;
      if (
        !signal.aborted &&
        !(error instanceof OutOfStepError && failures == 1)
      ) {
        onError(error);
      }
    }
    if (!signal.aborted) {
      onState('waiting');
      await wait(getRetryMs(Math.max(failures, 1)), signal);
    }
  }
};
