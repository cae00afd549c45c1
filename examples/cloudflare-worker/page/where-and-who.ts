/** The room is in the URL, to be shared; the user is in this browser. */
import {getUniqueId} from 'tinybase';

const VALID_ROOM = /^[\w-]{1,64}$/;
const USER = 'user';

/** The room of `?room=…`; where there is none, one is made up. */
export const getRoom = (): string => {
  const url = new URL(location.href);
  const named = url.searchParams.get('room') ?? '';
  if (VALID_ROOM.test(named)) {
    return named;
  }
  const room = getUniqueId(8);
  url.searchParams.set('room', room);
  history.replaceState(null, '', url);
  return room;
};

export const getUser = (): string => localStorage.getItem(USER) ?? setUser('');

/** Takes a name, or makes one up where there is none. */
export const setUser = (name: string): string => {
  const user = name.trim() || `Guest ${Math.floor(Math.random() * 900) + 100}`;
  localStorage.setItem(USER, user);
  return user;
};
