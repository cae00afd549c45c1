/**
 * What bench/load/stream.ts does, with real clients: writers set Cells, each in
 * a transaction of its own, all readers apply what they are told, and a change
 * is done when the first reader's library tells of it.
 */
import {until} from '../../../test/support/until.js';
import {createPump} from '../../load/pump.js';
import type {PeerStreamOptions, PeerStreamResult} from '../loads.js';
import {connect} from './connect.js';
import type {PeerClient} from './peer-client.js';

const options = JSON.parse(process.argv[2]!) as PeerStreamOptions;

const writers: PeerClient[] = [];
for (let i = 0; i < options.writers; i++) {
  writers.push(await connect(options));
}
const pump = createPump(options, (writer, token, rowId) =>
  writers[writer]!.setRows({[rowId]: {c: token}}),
);
await connect({
  ...options,
  onCells: (cells) => pump.note(cells.join()),
});
for (let i = 1; i < options.readers; i++) {
  await connect(options);
}

// What clients say to each other when one of them joins is not the subject, and
// TinyBase's synchronizer sends nothing of what is set meanwhile.
await new Promise((resolve) => setTimeout(resolve, options.settleMs));

const measured = await pump.run();
await until(() => pump.countInFlight() == 0, {timeoutMs: 5_000}).catch(
  () => {},
);
const result: PeerStreamResult = {...measured, lost: pump.countInFlight()};
console.log(JSON.stringify(result));
process.exit(0);
