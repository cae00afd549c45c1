/**
 * A process of clients that all load the content at once, while one writes.
 * Prints how long it took them as JSON.
 */
import {once} from 'node:events';
import {Agent, get, type IncomingMessage} from 'node:http';
import {WebSocket} from 'ws';

export type JoinOptions = {
  host: string;
  party: string;
  room: string;
  clients: number;
  writesPerSecond: number;
};

export type JoinResult = {
  p50Ms: number;
  p99Ms: number;
  /** How many different ETags the clients have got. */
  texts: number;
};

const options = JSON.parse(process.argv[2]!) as JoinOptions;
const path = `${options.host}/parties/${options.party}/${options.room}`;

let writing: NodeJS.Timeout | undefined;
if (options.writesPerSecond) {
  const writer = new WebSocket(`ws://${path}?_pk=w`);
  await once(writer, 'open');
  let count = 0;
  // In TinyBase's own frame, which both rooms take.
  writing = setInterval(
    () => writer.send(`s[{"items":{"row0":{"count":${++count}}}},{},1]`),
    1_000 / options.writesPerSecond,
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
}

const agent = new Agent({maxSockets: Infinity});
const etags = new Set<string>();

/** Reads all of it, and makes nothing of it: the room is what is measured. */
const load = async (): Promise<number> => {
  const startedAt = performance.now();
  const request = get(`http://${path}/store`, {agent});
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode != 200) {
    throw new Error(`GET of ${path}/store: ${response.statusCode}`);
  }
  response.resume();
  await once(response, 'end');
  etags.add(response.headers.etag ?? '');
  return performance.now() - startedAt;
};

const times = await Promise.all(Array.from({length: options.clients}, load));
clearInterval(writing);
times.sort((a, b) => a - b);
const result: JoinResult = {
  p50Ms: times[Math.floor(times.length / 2)]!,
  p99Ms: times[Math.floor(times.length * 0.99)]!,
  texts: etags.size,
};
console.log(JSON.stringify(result));
process.exit(0);
