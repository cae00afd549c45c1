/** A commit as the feed has it. */
import type {Changes} from '../protocol/changes.js';
import {encodeChanges} from '../protocol/decoded-changes.js';
import type {Commit} from './sink.js';

/** As JSON can carry it. */
export type EncodedCommit = Omit<Commit, 'changes'> & {changes: Changes[]};

export const encodeCommit = (commit: Commit): EncodedCommit => ({
  ...commit,
  changes: commit.changes.map(encodeChanges),
});
