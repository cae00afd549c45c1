/** A Durable Object on a current workerd, stored in a folder. */
import {Miniflare} from 'miniflare';

const [scriptPath, dir] = process.argv.slice(2);
const miniflare = new Miniflare({
  host: '127.0.0.1',
  port: 0,
  cf: false,
  modules: true,
  scriptPath: scriptPath!,
  compatibilityDate: '2026-04-24',
  durableObjects: {Rooms: {className: 'Room', useSQLite: true}},
  durableObjectsPersist: dir!,
});
console.log(`Ready on ${(await miniflare.ready).port}`);
