/** A room that is measured, and clients that speak with it frame by frame. */
import {WebSocket} from 'ws';
import {changeCell} from './changes.js';
import {createContent} from './content.js';
import type {Bench} from './scenario.js';
import {type Subject, type SubjectName, SUBJECTS} from './subjects.js';

export type BenchRoom = {
  name: string;
  host: string;
  party: string;
  url: string;
  subject: SubjectName;
};

let lastRoom = 0;
let lastPair = 0;
let lastToken = 0;
const contents = new Map<number, string>();

/** A room that nobody has used; its party is the subject's unless told. */
export const createRoom = (
  {dev: {host}}: {dev: {host: string}},
  subject: SubjectName,
  party: string = SUBJECTS[subject].party,
): BenchRoom => {
  const name = `room${++lastRoom}`;
  return {
    name,
    host,
    party,
    url: `http://${host}/parties/${party}/${name}`,
    subject,
  };
};

/**
 * Once more where it fails on its way: a connection that was kept may have been
 * closed since, and what is sent here can be sent twice.
 */
export const request = async (
  url: string,
  init?: RequestInit,
): Promise<string> => {
  const response = await fetch(url, init).catch(() => fetch(url, init));
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${init?.method ?? 'GET'} ${url}: ${response.status}`);
  }
  return text;
};

/** Gives a room that has none its content. */
export const fillRoom = async (
  {url}: BenchRoom,
  cells: number,
): Promise<void> => {
  let body = contents.get(cells);
  if (!body) {
    body = createContent(cells);
    contents.set(cells, body);
  }
  await request(`${url}/store`, {method: 'PUT', body});
};

/** A room that holds as much as a large app's, unless told how much. */
export const createFilledRoom = async (
  bench: Bench,
  subject: SubjectName,
  {party, cells = bench.cells}: {party?: string; cells?: number} = {},
): Promise<BenchRoom> => {
  const room = createRoom(bench, subject, party);
  await fillRoom(room, cells);
  return room;
};

const TIMEOUT_MS = 120_000;

/** Waits for a frame; rejects where the socket closes first, or nothing comes. */
const waitFor = (
  socket: WebSocket,
  isIt: (text: string) => boolean,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      socket.off('message', listen);
      socket.off('close', fail);
    };
    const listen = (data: unknown) => {
      if (isIt(String(data))) {
        stop();
        resolve();
      }
    };
    const fail = (code: number, reason: Buffer) => {
      stop();
      reject(new Error(`${socket.url} was closed: ${code} ${String(reason)}`));
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`${socket.url} was told nothing for too long`));
    }, TIMEOUT_MS);
    socket.on('message', listen);
    socket.on('close', fail);
  });

/** A client of the room that has said what there is to say first. */
export const openClient = async (
  {host, party, name, subject}: BenchRoom,
  id: string,
): Promise<WebSocket> => {
  const {hello, answer}: Subject = SUBJECTS[subject];
  const socket = new WebSocket(
    `ws://${host}/parties/${party}/${name}?_pk=${id}`,
    {perMessageDeflate: false},
  );
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('message', (data) => {
    const pong = answer?.((data as Buffer).toString());
    if (pong) {
      socket.send(pong);
    }
  });
  if (hello) {
    const welcome = waitFor(socket, () => true);
    socket.send(hello(id));
    await welcome;
  }
  return socket;
};

/** How long it takes until another client is told something of a frame. */
const timeTelling = async (
  writer: WebSocket,
  reader: WebSocket,
  frame: string,
  something: string,
): Promise<number> => {
  const told = waitFor(reader, (text) => text.includes(something));
  const startedAt = performance.now();
  writer.send(frame);
  await told;
  return performance.now() - startedAt;
};

/** Two clients of a room, of which one writes and the other is told. */
export type Pair = {
  room: BenchRoom;
  /** Sends changes; resolves with the time until the other is told of it. */
  change: (changes: string, something: string) => Promise<number>;
  close: () => void;
};

/**
 * Has a room do all that comes before its first change, so that this is not
 * what is measured next.
 */
export const wakeRoom = async (room: BenchRoom): Promise<void> => {
  const pair = await openPair(room);
  // A new one each time: nobody is told of a change that changes nothing.
  const token = `awake${++lastToken}`;
  await pair.change(changeCell('awake', token), token);
  pair.close();
};

export const openPair = async (room: BenchRoom): Promise<Pair> => {
  // Of clients that were here before the room would know the pushes.
  const id = `pair${++lastPair}`;
  const writer = await openClient(room, `${id}w`);
  const reader = await openClient(room, `${id}r`);
  let count = 0;
  return {
    room,
    change: (changes, something) =>
      timeTelling(
        writer,
        reader,
        SUBJECTS[room.subject].encode(changes, ++count),
        something,
      ),
    close: () => {
      writer.terminate();
      reader.terminate();
    },
  };
};
