/** A room that holds as much as a large app's. */
import {createContent} from './content.js';
import type {Bench} from './scenario.js';
import {createRoom} from './servers.js';

const CONTENT = createContent(100_000);

/** Gives a room that has none its content. */
export const fillRoom = async (url: string): Promise<void> => {
  const response = await fetch(`${url}/store`, {method: 'PUT', body: CONTENT});
  if (!response.ok) {
    throw new Error(`PUT of ${url}/store: ${response.status}`);
  }
  await response.text();
};

export const createFilledRoom = async (
  {dev}: Bench,
  party: string,
): Promise<{name: string; url: string}> => {
  const room = createRoom(dev, party);
  await fillRoom(room.url);
  return room;
};
