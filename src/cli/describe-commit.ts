/** A commit in one line, for people. */
import type {Changes} from 'tinybase';
import type {Commit} from '../mirror/sink.js';
import {describeId, describeThing} from './printable.js';

/** What is shown of a commit at most; that there is more is said. */
const MAX_ITEMS = 12;

type Items = {texts: string[]; count: number};

const add = (items: Items, getText: () => string): void => {
  items.count++;
  if (items.count <= MAX_ITEMS) {
    items.texts.push(getText());
  }
};

const describeLeaf = (name: string, thing: unknown): string =>
  thing === undefined ? `-${name}` : `${name}=${describeThing(thing)}`;

const addChanges = (items: Items, [tables, values]: Changes): void => {
  for (const [tableId, table] of Object.entries(tables)) {
    if (!table) {
      add(items, () => `-${describeId(tableId)}`);
      continue;
    }
    for (const [rowId, row] of Object.entries(table)) {
      const name = () => `${describeId(tableId)}/${describeId(rowId)}`;
      if (!row) {
        add(items, () => `-${name()}`);
        continue;
      }
      for (const [cellId, cell] of Object.entries(row)) {
        add(items, () => describeLeaf(`${name()}/${describeId(cellId)}`, cell));
      }
    }
  }
  for (const [valueId, value] of Object.entries(values)) {
    add(items, () => describeLeaf(describeId(valueId), value));
  }
};

/** `2026-01-02T03:04:05.678Z 42 (fido): pets/fido/sold=true, -pets/felix, open=true` */
export const describeCommit = ({
  after,
  offset,
  time,
  author,
  changes,
}: Commit): string => {
  const items: Items = {texts: [], count: 0};
  changes.forEach((one) => addChanges(items, one));
  const {texts, count} = items;
  const what = texts.length ? texts.join(', ') : 'nothing';
  const more = count > texts.length ? `, … ${count - texts.length} more` : '';
  return (
    `${time === undefined ? '-' : new Date(time).toISOString()} ` +
    // Of several that are told as one, from which on.
    `${time === undefined && after + 1 < offset ? `${after + 1}..` : ''}${offset}` +
    `${author === undefined ? '' : ` (${describeId(author)})`}: ${what}${more}`
  );
};
