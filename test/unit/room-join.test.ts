import {describe, expect, test} from 'vitest';
import {createMemoryRoom} from '../support/memory-room.js';

/** Pushes Values `v1`, `v2`, … by one writer, who joins first. */
const createWritten = async (count: number) => {
  const room = createMemoryRoom();
  const writer = room.connect('writer');
  await writer.greet();
  for (let id = 1; id <= count; id++) {
    await writer.push(id, {}, {[`v${id}`]: id});
    // The first one makes the Store, of which all are told by a hello.
    id == 1 && (await writer.greet());
  }
  return {room, writer};
};

describe('a welcome', () => {
  test('J4: has no epoch where the room has no Store', async () => {
    const connection = createMemoryRoom().connect();
    const welcome = await connection.greet({nonce: 'n'});
    expect(welcome).toEqual([1, 'n', '', 0, [0], [], connection.mark]);
  });

  test('J2: carries what was missed, merged', async () => {
    const {room} = await createWritten(4);
    const welcome = await room.connect().greet({epoch: 'epoch1', offset: 2});
    expect(welcome.slice(2, 6)).toEqual([
      'epoch1',
      4,
      [0],
      [[{}, {v3: 3, v4: 4}, 1]],
    ]);
  });

  test('J2: carries nothing where nothing was missed', async () => {
    const {room} = await createWritten(4);
    const welcome = await room.connect().greet({epoch: 'epoch1', offset: 4});
    expect(welcome.slice(2, 6)).toEqual(['epoch1', 4, [0], []]);
  });

  test('J2: carries what was missed of a room that has slept', async () => {
    const {room} = await createWritten(4);
    room.restart();
    const welcome = await room.connect().greet({epoch: 'epoch1', offset: 3});
    expect(welcome.slice(2, 6)).toEqual(['epoch1', 4, [0], [[{}, {v4: 4}, 1]]]);
  });

  test.each([
    ['another epoch', 'epoch9', 4],
    ['no epoch', '', 0],
    ['an offset that is yet to come', 'epoch1', 5],
    ['an offset before the log', 'epoch1', 0],
    ['an offset that is no number', 'epoch1', '4'],
    ['a negative offset', 'epoch1', -1],
  ])('J3: carries null for %s', async (_, epoch, offset: any) => {
    const {room} = await createWritten(4);
    const welcome = await room.connect().greet({epoch, offset});
    expect(welcome[5]).toBe(null);
    expect(welcome.slice(2, 4)).toEqual(['epoch1', 4]);
  });

  test('J3: carries null where what was missed is too long', async () => {
    const {room, writer} = await createWritten(1);
    const position = await room.getPosition();
    for (let id = 2; id <= 8; id++) {
      await writer.push(id, {}, {[`v${id}`]: 'x'.repeat(200_000)});
    }
    const late = room.connect();
    expect((await late.greet(position))[5]).toBe(null);
    const {offset} = await room.getPosition();
    const welcome = await late.greet({...position, offset: offset - 1});
    expect(welcome[5]).toHaveLength(1);
  });

  test('J5: says which pushes were answered, also after a crash', async () => {
    const {room} = await createWritten(3);
    const clientId = 'client of writer';
    expect((await room.connect('writer').greet({clientId}))[4]).toEqual([3]);
    room.restart();
    expect((await room.connect('writer').greet({clientId}))[4]).toEqual([3]);
    expect((await room.connect().greet({clientId: 'other'}))[4]).toEqual([0]);
  });

  test('J5, P4: says which pushes were refused, also after a crash', async () => {
    const room = createMemoryRoom({
      hooks: {canSetValue: (valueId) => valueId != 'refused'},
    });
    const writer = room.connect('writer');
    await writer.greet();
    await writer.push(1, {}, {a: 1});
    await writer.greet();
    await writer.push(2, {}, {refused: 1, b: 2});
    await writer.push(3, {}, {c: 3});
    await writer.push(4, {}, {refused: 1});
    const clientId = 'client of writer';
    const welcome = await room.connect('again').greet({clientId});
    expect(welcome[4]).toEqual([4, 2, 4]);
    room.restart();
    const later = await room.connect('later').greet({clientId});
    expect(later[4]).toEqual([4, 2, 4]);
  });

  test('P4: says the latest 32 refusals of a client', async () => {
    const room = createMemoryRoom({hooks: {canSetValue: () => false}});
    await room.room.putContent([{t: {r: {c: 1}}}, {}], null);
    const writer = room.connect('writer');
    await writer.greet();
    for (let id = 1; id <= 40; id++) {
      await writer.push(id, {}, {v: id});
    }
    const clientId = 'client of writer';
    const answer = [40, ...Array.from({length: 32}, (_, index) => index + 9)];
    expect((await room.connect().greet({clientId}))[4]).toEqual(answer);
    room.restart();
    expect((await room.connect().greet({clientId}))[4]).toEqual(answer);
  });

  test('J6: asks for a hello where the first content came to be', async () => {
    const room = createMemoryRoom();
    const [writer, reader] = [room.connect('writer'), room.connect('reader')];
    await writer.greet();
    await reader.greet();
    await writer.push(1, {}, {v: 1});
    expect(reader.take()).toEqual([['w', [1, '']]]);
    expect(writer.take()).toContainEqual(['w', [1, '']]);
    expect((await writer.greet())[4]).toEqual([1]);
  });

  test('J6: asks a connection for its hello that the room has lost', async () => {
    const {room, writer} = await createWritten(2);
    delete writer.greeting;
    room.wake();
    await writer.push(3, {}, {v3: 3});
    expect(writer.take().at(-1)).toEqual(['w', [1, '']]);
    expect(await room.getContent()).toEqual([{}, {v1: 1, v2: 2}]);
    await writer.greet();
    await writer.push(3, {}, {v3: 3});
    expect(await room.getContent()).toEqual([{}, {v1: 1, v2: 2, v3: 3}]);
  });
});

describe('a hello', () => {
  test.each([
    ['another version', [2, 'c', 'n', '', 0]],
    ['no client id', [1, '', 'n', '', 0]],
    ['a client id that is no string', [1, 7, 'n', '', 0]],
    ['a client id too long', [1, 'c'.repeat(65), 'n', '', 0]],
    ['no nonce', [1, 'c', '', '', 0]],
    ['a nonce too long', [1, 'c', 'n'.repeat(65), '', 0]],
    ['nothing in it', []],
  ])('closes the socket with %s', async (_, hello) => {
    const room = createMemoryRoom();
    const connection = room.connect();
    await connection.say(`h${JSON.stringify(hello)}`);
    expect(connection.closed?.[0]).toBe(4400);
    expect(connection.frames).toEqual([]);
  });

  test('F3: is told to nobody; others see the mark alone', async () => {
    const {room, writer} = await createWritten(1);
    const reader = room.connect('reader');
    await reader.greet({clientId: 'secret of the reader'});
    await Promise.all([writer.push(2, {}, {a: 1}), reader.push(1, {}, {a: 2})]);
    const seen = [...writer.frames, ...reader.frames].join();
    expect(seen).toContain(reader.mark);
    expect(seen).not.toContain('secret of the reader');
    expect(seen).not.toContain('client of writer');
  });

  test('F3: gets a mark that the room chooses anew', async () => {
    const {room, writer} = await createWritten(1);
    const [, nonce, , , , , mark] = await writer.greet({nonce: 'nonce'});
    const again = await writer.greet({nonce: 'nonce'});
    expect([nonce, again[1]]).toEqual(['nonce', 'nonce']);
    expect(again[6]).not.toBe(mark);
    expect(again[6]).toBe(writer.mark);
    const other = await room.connect('other').greet({nonce: 'nonce'});
    expect(other[6]).not.toBe(writer.mark);
  });

  test('F3: of one who knows but a mark gets no answers of another', async () => {
    const {room, writer} = await createWritten(2);
    const thief = room.connect('thief');
    const welcome = await thief.greet({
      clientId: writer.mark,
      nonce: writer.mark,
    });
    expect(welcome[4]).toEqual([0]);
    expect(thief.mark).not.toBe(writer.mark);
  });
});

describe('a message', () => {
  test.each([
    ['without the prefix', 'p[1,[{},{"v":1},1]]'],
    ['with nothing after the prefix', 'app/'],
    ['of another letter', 'app/x[1]'],
    ['of a hello that does not parse', 'app/h[1'],
    ['of a hello that is no list', 'app/h{}'],
    ['of a push without a number', 'app/p[{}]'],
    ['of a fragment without a header', 'app/f[1,2]x'],
    ['of changes that do not parse', 'app/s[{},{},1'],
    ['of changes that are malformed', 'app/s[{"t":1},{},1]'],
    ['in bytes', new Uint8Array([1]) as any],
  ])("F1: is left to the app's own handlers %s", (_, message) => {
    const room = createMemoryRoom({messagePrefix: 'app/'});
    expect(room.room.receive(room.connect(), message)).toBe(undefined);
  });

  test('F1: is the room’s with the prefix', async () => {
    const room = createMemoryRoom({messagePrefix: 'app/'});
    const connection = room.connect();
    await connection.greet();
    await connection.push(1, {}, {v: 1});
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
  });
});
