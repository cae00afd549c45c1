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

/** Until the stream ends, well or by an error. */
const followOnce = async (
  {mirror, http, throttleMs, signal, onState}: Following,
  onUse: () => void,
): Promise<void> => {
  onState('connecting');
  const start = await mirror.getStart();
  const stream = new FeedStream(await http.openFeed(start, signal));
  const openedAt = Date.now();
  const close = () => stream.close();
  signal.addEventListener('abort', close);
  if (signal.aborted) {
    close();
  }
  try {
    onState('following');
    for (;;) {
      await stream.wait();
      if (signal.aborted || stream.isOver) {
        // Where it has ended by an error, that is thrown here.
        stream.take();
        return;
      }
      if (throttleMs) {
        await wait(throttleMs, signal);
      }
      await mirror.take(stream.take(), signal);
      onUse();
    }
  } finally {
    signal.removeEventListener('abort', close);
    stream.close();
    if (Date.now() - openedAt > LASTING_MS) {
      onUse();
    }
  }
};

/** Resolves when it is aborted, after the write under way. */
export const followRoom = async (following: Following): Promise<void> => {
  const {signal, onState, onError} = following;
  let failures = 0;
  let steppedAt = -Infinity;
  while (!signal.aborted) {
    try {
      await followOnce(following, () => {
        failures = 0;
      });
    } catch (error) {
      const isStep = error instanceof OutOfStepError;
      // Once is nothing where others write, too; what goes on is to be seen.
      const isNew = isStep && Date.now() - steppedAt > LASTING_MS;
      steppedAt = isStep ? Date.now() : steppedAt;
      if (!signal.aborted && !isNew) {
        onError(error);
      }
    }
    if (!signal.aborted) {
      // A stream may end for no reason but that it is old: soon is early enough.
      failures++;
      onState('waiting');
      await wait(getRetryMs(failures), signal);
    }
  }
};
