/** What others have changed in a sink reaches the room, and is settled. */
import type {SinkEdits} from 'tinybase-partykit/mirror';
import {expect, test} from 'vitest';
import {pushEdits} from '../../src/mirror/push-edits.js';
import type {PatchAnswer, RoomHttp} from '../../src/mirror/room-http.js';
import {RoomError} from '../../src/mirror/room-http.js';
import {RoomMirror} from '../../src/mirror/room-mirror.js';
import {RoomSink} from '../../src/mirror/room-sink.js';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';

const ROOM = 'my-room';

/** A sink at 3 and a room at `offset`, which answers so. */
const createScene = (
  answer: PatchAnswer,
  {offset = 3, keepsContent = true} = {},
) => {
  const memory = createSinkMemory();
  memory.rows.set(ROOM, {
    epoch: 'e',
    offset: 3,
    content: '[{},{"v":3}]',
    history: [
      {
        epoch: 'e',
        after: null,
        offset: 3,
        time: undefined,
        changes: undefined,
      },
    ],
  });
  const sink = new RoomSink(ROOM, {
    sink: createMemorySink(memory, {keepsContent}),
    onWritten: () => {},
  });
  let patches = 0;
  const http = {
    patch: async () => {
      patches++;
      return answer;
    },
    readContent: async () => ({epoch: 'e', offset, content: [{}, {v: offset}]}),
    // eslint-disable-next-line require-yield
    readHistory: async function* () {
      if (offset > 3) {
        yield [{epoch: 'e', after: 3, offset, changes: [[{}, {v: offset}, 1]]}];
      }
    },
  } as unknown as RoomHttp;
  const edits: SinkEdits[] = [
    {clientId: 'c', number: 1, changes: [{}, {v: 9}, 1]},
  ];
  const settled: unknown[] = [];
  const errors: string[] = [];
  return {
    memory,
    edits,
    settled,
    errors,
    getPatches: () => patches,
    push: (isFollowed: boolean) =>
      pushEdits({
        mirror: new RoomMirror(sink, http),
        sink,
        http,
        twoWay: {
          listEdited: async () => [ROOM],
          take: async () => edits[0],
          settle: async (_, number, state) => {
            settled.push([number, state.offset, state.content]);
            edits.shift();
            return true;
          },
        },
        isFollowed,
        signal: new AbortController().signal,
        onError: (error) => errors.push(String(error)),
      }),
  };
};

const TAKEN: PatchAnswer = {kind: 'taken', position: {epoch: 'e', offset: 3}};

test('D12: what is refused in part is told', async () => {
  const {push, errors, settled} = createScene({
    ...TAKEN,
    refused: new RoomError('some of it was refused', 200),
  });
  await push(false);
  expect(errors).toEqual(['RoomError: some of it was refused']);
  expect(settled).toHaveLength(1);
});

test.each([true, false])(
  'it is settled at once where the sink does not keep content, followed %s',
  async (isFollowed) => {
    const {push, settled, getPatches} = createScene(
      isFollowed ? {kind: 'refused', why: new RoomError('no', 403)} : TAKEN,
      {keepsContent: false},
    );
    await push(isFollowed);
    expect(settled).toEqual([[1, 3, [{}, {v: 3}]]]);
    expect(getPatches()).toBe(1);
  },
);

test('it is not settled where the room does not say what it has made of it', async () => {
  const {push, settled, edits} = createScene({
    kind: 'taken',
    position: {epoch: 'e', offset: 4},
  });
  await expect(push(false)).rejects.toThrow(/at 3.*4/);
  expect(settled).toEqual([]);
  expect(edits).toHaveLength(1);
});

test('D12: it is settled by what the room has made of it', async () => {
  const {push, settled} = createScene(
    {kind: 'taken', position: {epoch: 'e', offset: 4}},
    {offset: 4},
  );
  await push(false);
  expect(settled).toEqual([[1, 4, [{}, {v: 4}]]]);
});
