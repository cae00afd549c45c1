/** A Store's content as an application has it, moved on by a room's commits. */
import type {Changes, Content} from 'tinybase';
import type {Content as PatchedContent} from '../protocol/changes.js';
import {applyAllToContent} from '../protocol/content.js';
import {markDeletions} from '../protocol/decoded-changes.js';
import type {Commit} from './sink.js';

/** Applies commits in order, in place. */
export const applyCommits = (content: Content, commits: Commit[]): void =>
  // One after the other would look for what is empty in between: it is as well
  // to do so once, in the end.
  applyAllToContent(
    content as PatchedContent,
    commits.flatMap(({changes}) => changes.map(markDeletions)),
  );

/** The content that changes make of nothing. */
export const createContent = (list: Changes[]): Content => {
  const content: Content = [{}, {}];
  applyAllToContent(content as PatchedContent, list.map(markDeletions));
  return content;
};
