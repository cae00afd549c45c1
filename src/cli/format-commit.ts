/** A commit as the feed has it, in one line of JSON. */
import {encodeCommit} from '../mirror/encode-commit.js';
import type {Commit} from '../mirror/sink.js';

export const formatCommit = (commit: Commit): string =>
  JSON.stringify(encodeCommit(commit));
