/** A commit as the feed has it, in one line of JSON. */
import {encodeChanges} from '../protocol/decoded-changes.js';
import type {Commit} from '../mirror/sink.js';

export const encodeWireCommit = ({changes, ...commit}: Commit): string =>
  JSON.stringify({...commit, changes: changes.map(encodeChanges)});
