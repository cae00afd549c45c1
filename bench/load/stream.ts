/**
 * A process of writers and readers of one room. Prints what it has seen as JSON.
 */
import {WebSocket} from 'ws';
import {changeCell} from '../changes.js';
import {type Subject, type SubjectName, SUBJECTS} from '../subjects.js';
import {createPump, type PumpOptions} from './pump.js';

export type StreamOptions = PumpOptions & {
  host: string;
  party: string;
  room: string;
  subject: SubjectName;
  readers: number;
};

const options = JSON.parse(process.argv[2]!) as StreamOptions;
const subject: Subject = SUBJECTS[options.subject];

const open = (id: string): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const url = `ws://${options.host}/parties/${options.party}/${options.room}?_pk=${id}`;
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

const openAll = async (count: number, prefix: string): Promise<WebSocket[]> => {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    // Of a client that was here before the room would know the pushes.
    sockets.push(await open(`${prefix}${sockets.length}-${process.pid}`));
  }
  return sockets;
};

const writers = await openAll(options.writers, 'w');
const readers = await openAll(options.readers, 'r');
const pump = createPump(options, (writer, token, rowId, count) =>
  writers[writer]!.send(
    // Rows of its own: nobody is told of a token that is there already.
    subject.encode(changeCell(`${process.pid}-${rowId}`, token), count),
  ),
);
readers[0]!.on('message', (data) => pump.note((data as Buffer).toString()));
console.log(JSON.stringify(await pump.run()));
[...writers, ...readers].forEach((socket) => socket.terminate());
process.exit(0);
