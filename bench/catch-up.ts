/** What a client that comes back costs. */
import {once} from 'node:events';
import {WebSocket} from 'ws';
import {changeCell} from './changes.js';
import {createFilledRoom, openPair, request} from './room.js';
import type {Measure, Scenario} from './scenario.js';
import type {SubjectName} from './subjects.js';

const MISSED = 100;

/** Bytes to a client that comes back after it missed some changes. */
const countMissed =
  (subject: SubjectName): Measure =>
  async (bench) => {
    const room = await createFilledRoom(bench, subject);
    const response = await fetch(`${room.url}/store`);
    await response.text();
    const [, epoch, offset] =
      /"(\w+)\.(\d+)"/.exec(response.headers.get('etag') ?? '') ?? [];
    const pair = await openPair(room);
    for (let count = 1; count <= MISSED; count++) {
      const token = `token${count}`;
      await pair.change(changeCell(`row${count}`, token), token);
    }
    pair.close();
    if (subject == 'tinybase') {
      // TinyBase's own has no other way than to load all of it.
      return Buffer.byteLength(await request(`${room.url}/store`));
    }
    const socket = new WebSocket(room.url.replace('http', 'ws') + '?_pk=back', {
      perMessageDeflate: false,
    });
    await once(socket, 'open');
    socket.send(`h[1,"back","back","${epoch}",${offset}]`);
    const [welcome] = (await once(socket, 'message')) as [Buffer];
    socket.terminate();
    return welcome.length;
  };

export const CATCH_UP: Scenario[] = [
  {
    id: 'catch-up',
    title: `Back after ${MISSED} missed one-cell changes, 100,000 cells`,
    unit: 'bytes',
    subjects: {ours: countMissed('ours'), tinybase: countMissed('tinybase')},
    goals: [{atMost: 10_000}],
    isCounted: true,
  },
];
