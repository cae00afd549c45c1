/** What others have changed in a two-way sink reaches the room. */
import {ANSWER_MS} from './limits.js';
import type {RoomHttp} from './room-http.js';
import type {RoomMirror} from './room-mirror.js';
import type {RoomSink} from './room-sink.js';
import type {TwoWaySink} from './sink.js';

export type PushingEdits = {
  mirror: RoomMirror;
  sink: RoomSink;
  http: RoomHttp;
  twoWay: TwoWaySink;
  /** Whether a live feed brings what the room has made of them. */
  isFollowed: boolean;
  signal: AbortSignal;
  onError: (error: unknown) => void;
};

/**
 * Tells a room what others have changed, until nothing is left. What it does not
 * take is told to `onError`, and the sink has the room's in its place.
 *
 * @throws where the room or the sink cannot be asked: all is still there to be
 *   taken then, and is not taken twice.
 */
export const pushEdits = async ({
  mirror,
  sink,
  http,
  twoWay,
  isFollowed,
  signal,
  onError,
}: PushingEdits): Promise<void> => {
  const {room} = sink;
  for (;;) {
    const edits = await twoWay.take(room);
    if (!edits || signal.aborted) {
      return;
    }
    const {clientId, number, changes} = edits;
    const answer = await http.patch(changes, `${clientId}.${number}`, signal);
    if (answer.kind == 'refused') {
      onError(answer.why);
    } else if (isFollowed) {
      await sink.waitFor(answer.position, {signal, timeoutMs: ANSWER_MS});
    }
    if (!isFollowed) {
      await mirror.catchUp(signal);
    }
    const isSettled = await mirror.runAt((whole) =>
      twoWay.settle(room, number, whole),
    );
    if (!isSettled) {
      // Another mirror has written: what it wrote is read first.
      sink.forget();
      return;
    }
  }
};
