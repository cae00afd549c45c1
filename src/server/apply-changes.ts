/** Changes of the server's own, on any platform. */
import type {Changes} from 'tinybase';
import type {Changes as EncodedChanges} from '../protocol/changes.js';
import {parseChanges} from '../protocol/parse-changes.js';
import {getHost} from './room-host.js';

export const applyChanges = async (
  server: object,
  changes: Changes,
  without?: string[],
): Promise<void> => {
  const encoded: EncodedChanges | undefined = parseChanges(
    JSON.parse(
      JSON.stringify(changes, (_key, thing) =>
        thing === undefined ? '\uFFFC' : thing,
      ),
    ),
  );
  if (!encoded) {
    throw new TypeError(
      'Malformed changes: give [tables, values, 1], as getTransactionChanges() ' +
        'of a Store does.',
    );
  }
  const host = getHost(server);
  const starting = host.start();
  if (starting) {
    await starting;
  }
  await host.room.apply(encoded, without);
};
