/** What others have changed in a two-way sink reaches the room. */
import {ANSWER_MS} from './limits.js';
import type {RoomHttp} from './room-http.js';
import type {RoomMirror} from './room-mirror.js';
import {OutOfStepError, type RoomSink} from './room-sink.js';
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
    const decided = answer.kind == 'taken' ? answer.position : undefined;
    const refusal = answer.kind == 'taken' ? answer.refused : answer.why;
    if (refusal) {
      onError(refusal);
    }
    if (isFollowed && decided) {
      await sink.waitFor(decided, {signal, timeoutMs: ANSWER_MS});
    }
    const settle = () =>
      mirror.runAt((whole) => {
        if (decided?.epoch === whole.epoch && whole.offset < decided.offset) {
          throw new OutOfStepError(
            `The sink is at ${whole.offset} of ${room}, which has answered at ` +
              `${decided.offset}.`,
          );
        }
        return twoWay.settle(room, number, whole);
      });
    let isSettled = isFollowed ? await settle() : undefined;
    if (isSettled === undefined) {
      // No feed, or another mirror has had what it brought.
      sink.forget();
      await mirror.catchUp(signal);
      isSettled = await settle();
    }
    if (!isSettled) {
      // Another mirror has written: what it wrote is read first.
      sink.forget();
      return;
    }
  }
};
