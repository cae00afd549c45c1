/**
 * What the room tells those who are no TinyBase clients: its feed of server-sent
 * events, read with nothing but the browser's EventSource.
 */
import {useEffect, useState} from 'react';

const MAX_LINES = 6;
const DELETED = '\uFFFC';

export type FeedLine = {
  /** The id of the event, by which a reader resumes. */
  id: string;
  offset: number;
  text: string;
};

export type Feed = {url: string; isOpen: boolean; lines: FeedLine[]};

export const useFeed = (room: string): Feed => {
  const [isOpen, setOpen] = useState(false);
  const [lines, setLines] = useState<FeedLine[]>([]);
  // Where its content is, too.
  const url = `${location.origin}/parties/main/${room}/store`;

  useEffect(() => {
    const source = new EventSource(url);
    const addLine = (event: MessageEvent<string>) => {
      const {offset, changes} = JSON.parse(event.data);
      const text = changes ? describeChanges(changes) : 'all of the content';
      setLines((before) => [
        {id: event.lastEventId, offset, text},
        ...before.slice(0, MAX_LINES - 1),
      ]);
    };
    source.addEventListener('open', () => setOpen(true));
    source.addEventListener('error', () => setOpen(false));
    ['content', 'commit', 'reload'].forEach((name) =>
      source.addEventListener(name, addLine),
    );
    return () => source.close();
  }, [url]);

  return {url, isOpen, lines};
};

type Things = {[id: string]: unknown};

const describeChanges = (list: [tables: Things, values: Things][]): string =>
  list
    .flatMap(([tables, values]) => [
      ...describeThings(tables, 3),
      ...describeThings(values, 1),
    ])
    .join(', ') || 'nothing';

/** Each Cell or Value, or Row or Table that is gone, by its path. */
const describeThings = (things: Things, depth: number, path = ''): string[] =>
  Object.entries(things).flatMap(([id, thing]) =>
    thing === DELETED
      ? `${path}${id} deleted`
      : depth > 1
        ? describeThings(thing as Things, depth - 1, `${path}${id}.`)
        : `${path}${id} = ${JSON.stringify(thing)}`,
  );
