/**
 * A process of writers and readers of one room. Prints what it has seen as JSON.
 */
import {get, type IncomingMessage} from 'node:http';
import {WebSocket} from 'ws';
import {changeCell} from '../changes.js';
import {type Subject, type SubjectName, SUBJECTS} from '../subjects.js';
import {createPump, type PumpOptions} from './pump.js';

/** By what readers are told: as clients, or by the live feed over HTTP. */
export type ReadBy = 'socket' | 'feed';

export type StreamOptions = PumpOptions & {
  host: string;
  party: string;
  room: string;
  subject: SubjectName;
  readers: number;
  /** As clients, unless told. */
  readBy?: ReadBy;
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

/** Opens the live feed; resolves when it begins. */
const openFeed = (): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const {host, party, room} = options;
    get(
      `http://${host}/parties/${party}/${room}/store`,
      {agent: false, headers: {Accept: 'text/event-stream'}},
      (response) => {
        response.setEncoding('utf8');
        response.once('data', () => resolve(response));
      },
    ).once('error', reject);
  });

/** Calls back with each event that has come whole. */
const onEvent = (feed: IncomingMessage, note: (text: string) => void): void => {
  let rest = '';
  feed.on('data', (text: string) => {
    const end = (rest + text).lastIndexOf('\n\n');
    if (end >= 0) {
      note((rest + text).slice(0, end));
    }
    rest = end < 0 ? rest + text : (rest + text).slice(end + 2);
  });
};

const writers = await openAll(options.writers, 'w');
const isByFeed = options.readBy == 'feed';
const readers = await openAll(isByFeed ? 0 : options.readers, 'r');
const feeds: IncomingMessage[] = [];
while (feeds.length < (isByFeed ? options.readers : 0)) {
  feeds.push(await openFeed());
}
const pump = createPump(options, (writer, token, rowId, count) =>
  writers[writer]!.send(
    // Rows of its own: nobody is told of a token that is there already.
    subject.encode(changeCell(`${process.pid}-${rowId}`, token), count),
  ),
);
if (isByFeed) {
  feeds.forEach((feed, index) =>
    onEvent(feed, index ? () => {} : (text) => pump.note(text)),
  );
} else {
  readers[0]!.on('message', (data) => pump.note((data as Buffer).toString()));
}
console.log(JSON.stringify(await pump.run()));
[...writers, ...readers].forEach((socket) => socket.terminate());
feeds.forEach((feed) => feed.destroy());
process.exit(0);
