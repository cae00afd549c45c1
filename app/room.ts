/**
 * The room of this page: named by `?room=…`, and made up where the URL names
 * none, so that the address bar can be shared.
 */
import {getUniqueId} from 'tinybase';

const PARAMETER = 'room';
const VALID_ROOM = /^[\w-]{1,64}$/;

export const getRoomFromUrl = (): string => {
  const url = new URL(location.href);
  const named = url.searchParams.get(PARAMETER) ?? '';
  if (VALID_ROOM.test(named)) {
    return named;
  }
  const room = getUniqueId(8);
  url.searchParams.set(PARAMETER, room);
  history.replaceState(null, '', url);
  return room;
};

export const getRoomUrl = (room: string): string =>
  `${location.pathname}?${PARAMETER}=${room}`;
