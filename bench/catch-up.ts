/** What a client that comes back costs, and what a room that slept does. */
import {once} from 'node:events';
import {WebSocket} from 'ws';
import {createFilledRoom} from './filled-room.js';
import type {Bench, Scenario} from './scenario.js';
import {type Subject, type SubjectName, SUBJECTS} from './subjects.js';

const MISSED = 100;
/** A room sleeps when it has been idle for ten seconds. */
const SLEEP_MS = 13_000;

type Room = {name: string; url: string; subject: Subject; host: string};

const createFilled = async (bench: Bench, name: SubjectName): Promise<Room> => {
  const subject = SUBJECTS[name];
  const room = await createFilledRoom(bench, subject.party);
  return {...room, subject, host: bench.dev.host};
};

const open = async (room: Room, id: string): Promise<WebSocket> => {
  const socket = new WebSocket(
    `ws://${room.host}/parties/${room.subject.party}/${room.name}?_pk=${id}`,
    {perMessageDeflate: false},
  );
  await once(socket, 'open');
  if (room.subject.hello) {
    socket.send(room.subject.hello(id));
    await once(socket, 'message');
  }
  return socket;
};

/** Resolves with the time that a change takes to another client. */
const change = async (
  {subject}: Room,
  writer: WebSocket,
  reader: WebSocket,
  count: number,
): Promise<number> => {
  const token = `0#${count}`;
  const startedAt = performance.now();
  const told = new Promise<void>((resolve) => {
    const listen = (data: unknown) => {
      if (String(data).includes(token)) {
        reader.off('message', listen);
        resolve();
      }
    };
    reader.on('message', listen);
  });
  writer.send(subject.encodeChange(token, `row${count}`, count));
  await told;
  return performance.now() - startedAt;
};

/** Bytes to a client that comes back after it missed some changes. */
const countMissed =
  (subject: SubjectName) =>
  async (bench: Bench): Promise<number> => {
    const room = await createFilled(bench, subject);
    const before = await fetch(`${room.url}/store`);
    await before.text();
    const [, epoch, offset] =
      /"(\w+)\.(\d+)"/.exec(before.headers.get('etag') ?? '') ?? [];
    const [writer, reader] = [await open(room, 'w'), await open(room, 'r')];
    for (let count = 1; count <= MISSED; count++) {
      await change(room, writer, reader, count);
    }
    writer.close();
    reader.close();
    if (!room.subject.hello) {
      // TinyBase's own has no other way than to load all of it.
      return Buffer.byteLength(await (await fetch(`${room.url}/store`)).text());
    }
    const socket = new WebSocket(
      `ws://${room.host}/parties/${room.subject.party}/${room.name}?_pk=b`,
    );
    await once(socket, 'open');
    socket.send(`h[1,"back","back","${epoch}",${offset}]`);
    const [welcome] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    return welcome.length;
  };

const changeWhile =
  (subject: SubjectName, isAsleep: boolean) =>
  async (bench: Bench): Promise<number> => {
    const room = await createFilled(bench, subject);
    const [writer, reader] = [await open(room, 'w'), await open(room, 'r')];
    await change(room, writer, reader, 1);
    if (isAsleep && !bench.isSmoke) {
      await new Promise((resolve) => setTimeout(resolve, SLEEP_MS));
    }
    const ms = await change(room, writer, reader, 2);
    writer.close();
    reader.close();
    return ms;
  };

export const CATCH_UP: Scenario[] = [
  {
    id: 'catch-up',
    title: `Back after ${MISSED} missed one-cell changes, 100,000 cells`,
    unit: 'bytes',
    subjects: {ours: countMissed('ours'), tinybase: countMissed('tinybase')},
    goals: [],
    atMost: 10_000,
  },
  {
    id: 'asleep',
    title: '1-cell change to a sleeping room of 100,000 cells',
    unit: 'ms',
    subjects: {
      ours: changeWhile('ours', true),
      awake: changeWhile('ours', false),
      tinybase: changeWhile('tinybase', true),
    },
    goals: [{to: 'awake', atMost: 2}],
  },
];
