/**
 * A room of many Cells, a client that joins it, and that comes back after it
 * missed some changes. Prints what either took as JSON.
 */
import {until} from '../../../test/support/until.js';
import {createContent} from '../../content.js';
import type {CatchUpOptions, CatchUpResult} from '../loads.js';
import {connect} from './connect.js';
import {startCountingProxy} from './counting-proxy.js';
import {type Rows, TABLE} from './peer-client.js';

/** In a transaction, so that no message is too large for anybody. */
const ROWS_AT_ONCE = 100;
/**
 * More than a request of TinyBase's synchronizer may take, which sends nothing
 * of what is set while it waits for one.
 */
const QUIET_MS = 1_500;
const DEADLINE = {timeoutMs: 120_000};

const {host, peer, cells, missed} = JSON.parse(
  process.argv[2]!,
) as CatchUpOptions;
const proxy = await startCountingProxy(host);

const untilQuiet = async (): Promise<{up: number; down: number}> => {
  let before;
  let bytes = proxy.getBytes();
  do {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    before = bytes;
    bytes = proxy.getBytes();
  } while (bytes.up != before.up || bytes.down != before.down);
  return bytes;
};

const writer = await connect({peer, host});
const seen = new Set<unknown>();
const reader = await connect({
  peer,
  host,
  onCells: (told) => told.forEach((cell) => seen.add(cell)),
});

await untilQuiet();

const [tables] = JSON.parse(createContent(cells)) as [{[TABLE]: Rows}];
const rows = Object.entries(tables[TABLE]);
for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
  const some = rows.slice(at, at + ROWS_AT_ONCE);
  writer.setRows(Object.fromEntries(some));
  await until(() => reader.countRows() == at + some.length, DEADLINE);
}

const told = new Set<unknown>();
const joinedAt = performance.now();
const leaver = await connect({
  peer,
  host: proxy.host,
  onCells: (cells) => cells.forEach((cell) => told.add(cell)),
});
await until(() => leaver.countRows() == rows.length, DEADLINE);
const joinMs = performance.now() - joinedAt;
const joinBytes = (await untilQuiet()).down;

leaver.leave();
await untilQuiet();
const tokens = Array.from({length: missed}, (_, count) => `0#${count}`);
for (const [count, token] of tokens.entries()) {
  writer.setRows({[`row${count}`]: {title: token}});
  await until(() => seen.has(token), DEADLINE);
}

proxy.reset();
const backAt = performance.now();
await leaver.comeBack();
await until(() => tokens.every((token) => told.has(token)), {
  ...DEADLINE,
  message: () => `${tokens.filter((token) => told.has(token)).length} are back`,
});
const backMs = performance.now() - backAt;
const {up, down} = await untilQuiet();
const result: CatchUpResult = {
  joinMs,
  joinBytes,
  backMs,
  backBytes: down,
  backBytesUp: up,
};
console.log(JSON.stringify(result));
process.exit(0);
