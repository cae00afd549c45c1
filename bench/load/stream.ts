/**
 * A process of writers and readers: each writer keeps a number of changes in
 * flight, where one is done when the first reader has been told of it. Prints
 * what it has seen as JSON.
 */
import {WebSocket} from 'ws';
import {type Subject, type SubjectName, SUBJECTS} from '../subjects.js';

export type StreamOptions = {
  host: string;
  room: string;
  subject: SubjectName;
  writers: number;
  readers: number;
  /** Of all writers together. */
  inFlight: number;
  warmUpMs: number;
  measureMs: number;
  /** How many Rows the changes go round. */
  rows: number;
};

export type StreamResult = {
  changesPerSecond: number;
  /** From sending a change to the first reader being told of it. */
  p50Ms: number;
  p99Ms: number;
};

const options = JSON.parse(process.argv[2]!) as StreamOptions;
const subject: Subject = SUBJECTS[options.subject];

const open = (id: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const url = `ws://${options.host}/parties/${subject.party}/${options.room}?_pk=${id}`;
    const socket = new WebSocket(url, {perMessageDeflate: false});
    socket.once('error', reject);
    socket.once('open', () => {
      if (subject.hello) {
        socket.send(subject.hello(id));
        // Its welcome.
        socket.once('message', () => resolve(socket));
      } else {
        resolve(socket);
      }
    });
    socket.on('message', (data) => {
      const answer = subject.answer?.((data as Buffer).toString());
      if (answer) {
        socket.send(answer);
      }
    });
  });

const writers: WebSocket[] = [];
for (let i = 0; i < options.writers; i++) {
  writers.push(await open(`w${i}`));
}
const readers: WebSocket[] = [];
for (let i = 0; i < options.readers; i++) {
  readers.push(await open(`r${i}`));
}

const windowSize = Math.max(1, Math.floor(options.inFlight / writers.length));
const sent = writers.map(() => 0);
const done = writers.map(() => 0);
const sentAt = writers.map(() => new Map<number, number>());
const latencies: number[] = [];
let isMeasuring = false;
let count = 0;
let isOver = false;

const pump = (writer: number): void => {
  if (isOver) {
    return;
  }
  while (sent[writer]! - done[writer]! < windowSize) {
    const n = ++sent[writer]!;
    sentAt[writer]!.set(n, performance.now());
    writers[writer]!.send(
      subject.encodeChange(
        `${writer}#${n}`,
        `${writer}-${n % options.rows}`,
        n,
      ),
    );
  }
};

const TOKEN = /"(\d+)#(\d+)"/g;
readers[0]!.on('message', (data) => {
  const now = performance.now();
  for (const [, writer, n] of (data as Buffer).toString().matchAll(TOKEN)) {
    const at = sentAt[+writer!]!.get(+n!);
    if (at !== undefined) {
      sentAt[+writer!]!.delete(+n!);
      done[+writer!]!++;
      if (isMeasuring) {
        count++;
        latencies.push(now - at);
      }
    }
  }
  writers.forEach((_, writer) => pump(writer));
});

writers.forEach((_, writer) => pump(writer));
await new Promise((resolve) => setTimeout(resolve, options.warmUpMs));
isMeasuring = true;
const startedAt = performance.now();
await new Promise((resolve) => setTimeout(resolve, options.measureMs));
isMeasuring = false;
const seconds = (performance.now() - startedAt) / 1_000;
isOver = true;

latencies.sort((a, b) => a - b);
const result: StreamResult = {
  changesPerSecond: count / seconds,
  p50Ms: latencies[Math.floor(latencies.length / 2)] ?? NaN,
  p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
};
console.log(JSON.stringify(result));
[...writers, ...readers].forEach((socket) => socket.terminate());
process.exit(0);
