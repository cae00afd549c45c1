/** Makes a Worker of rooms that are written for PartyKit. */
import {join} from 'node:path';
import type {Plugin} from 'esbuild';
import {RUNTIME, type WorkerSource} from './bundle-worker.js';
import {REPOSITORY} from './repository.js';

/** What rooms import, and what they get. */
const SERVER = join(REPOSITORY, 'src/server/index.js');
const ADAPTER = join(RUNTIME, 'worker/partykit-room.ts');
const SOURCES = join(REPOSITORY, 'src/');

const adapter: Plugin = {
  name: 'partykit-room',
  setup: ({onResolve}) =>
    onResolve({filter: /index\.js$/}, ({path, resolveDir, importer}) =>
      join(resolveDir, path) == SERVER && !importer.startsWith(SOURCES)
        ? {path: ADAPTER}
        : null,
    ),
};

/** @param parties The files of rooms in the repository, by their parties. */
export const adaptRooms = (parties: Record<string, string>): WorkerSource => {
  const names = Object.keys(parties);
  const rooms = Object.entries(parties).map(
    ([party, file], index) => `
      import Room${index} from './${file}';
      export const ${party} = adaptRoom(Room${index});`,
  );
  return {
    code: `
      import {adaptRoom, createWorker} from './test/partyserver/worker/create-worker.ts';
      ${rooms.join('')}
      export default createWorker({${names.join(', ')}});`,
    objects: Object.fromEntries(names.map((name) => [name, name])),
    plugins: [adapter],
  };
};
