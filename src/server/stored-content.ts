/** A room's content as it lies in storage, without the room. */
import type {Content} from 'tinybase';
import {decodeContent} from '../protocol/content.js';
import type {KeyValueStorage} from './storage/key-value-storage.js';
import {RoomLog} from './storage/room-log.js';

const openLog = async (
  storage: KeyValueStorage,
  storagePrefix = '',
): Promise<[log: RoomLog, legacy: Content | undefined]> => {
  const log = new RoomLog(storage, storagePrefix);
  return [log, (await log.open(() => '', true)) as Content | undefined];
};

export const hasStore = async (
  storage: KeyValueStorage,
  storagePrefix?: string,
): Promise<boolean> => {
  const [log, legacy] = await openLog(storage, storagePrefix);
  return !!(log.epoch || legacy);
};

export const readStore = async (
  storage: KeyValueStorage,
  storagePrefix?: string,
): Promise<Content> => {
  const [log, legacy] = await openLog(storage, storagePrefix);
  const content: any = log.epoch
    ? await log.readContent()
    : (legacy ?? [{}, {}]);
  decodeContent(content);
  return content;
};
