/** A room, a process that brings a sink up to date with it, and who looks on. */
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {findFreePort} from '../../test/support/free-port.js';
import type {PartyKitDev} from '../../test/support/partykit-dev.js';
import {until} from '../../test/support/until.js';
import {createContent} from '../content.js';
import type {BenchPlace} from './places.js';
import type {MirrorProcessOptions, Written} from './process.js';
import {request} from '../room.js';

/** How a sink learns of changes. */
export type Means = 'feed' | {throttleMs: number} | {everyMs: number};

export type Scene = {
  place: BenchPlace;
  /** The id of the room, and the address of its Store. */
  id: string;
  url: string;
  dev: PartyKitDev;
  getWritten(): Promise<Written>;
};

export type SceneOptions = {
  dev: PartyKitDev;
  loadDir: string;
  cells: number;
  createPlace: () => Promise<BenchPlace>;
  means: Means;
};

let lastRoom = 0;

const chooseRoom = async (
  means: Means,
): Promise<[id: string, by: MirrorProcessOptions['by']]> => {
  if (typeof means == 'object' && 'throttleMs' in means) {
    const port = await findFreePort();
    return [`webhook-${means.throttleMs}-${port}`, {port}];
  }
  return [`room-${++lastRoom}`, means];
};

/** Calls `measure` when the sink has the room's first content. */
export const withScene = async <Result>(
  {dev, loadDir, cells, createPlace, means}: SceneOptions,
  measure: (scene: Scene) => Promise<Result>,
): Promise<Result> => {
  const place = await createPlace();
  const [id, by] = await chooseRoom(means);
  const url = `http://${dev.host}/parties/main/${id}/store`;
  const options: MirrorProcessOptions = {place: place.place, id, url, by};
  const child = fork(
    join(loadDir, 'mirror-process.mjs'),
    [JSON.stringify(options)],
    {stdio: ['ignore', 'inherit', 'inherit', 'ipc']},
  );
  const watching = new AbortController();
  try {
    const ready = once(child, 'message');
    await request(url, {method: 'PUT', body: createContent(cells)});
    await ready;
    if (typeof by == 'object' && 'port' in by) {
      // Its webhook is in its name, which PartyKit does not tell a room that an
      // alarm wakes: somebody watches, so that it does not sleep.
      const {body} = await fetch(url, {
        headers: {Accept: 'text/event-stream'},
        signal: watching.signal,
      });
      // Who holds it without reading may be cut off, when memory is collected.
      body!.pipeTo(new WritableStream()).catch(() => {});
    }
    await until(async () => (await place.getOffset(id)) >= 1, {
      timeoutMs: 90_000,
      message: 'the sink has the first content',
    });
    return await measure({
      place,
      id,
      url,
      dev,
      getWritten: async () => {
        const answer = once(child, 'message');
        child.send('written?');
        return (await answer)[0] as Written;
      },
    });
  } finally {
    watching.abort();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await place.remove();
  }
};
