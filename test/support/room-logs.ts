/** A room's log on storage in memory, and what tests do with it. */
import type {Content} from '../../src/protocol/changes.js';
import {getRoomLimits, type RoomLimits} from '../../src/protocol/limits.js';
import {RoomLog} from '../../src/server/storage/room-log.js';
import type {MemoryStorage} from './memory-storage.js';

type Options = {
  prefix?: string;
  limits?: Partial<RoomLimits> & {historyLimit?: number | undefined};
};

export const openLog = async (
  storage: MemoryStorage,
  {prefix = '', limits}: Options = {},
): Promise<RoomLog> => {
  const log = new RoomLog(storage, prefix, {
    ...getRoomLimits(limits),
    historyLimit: limits?.historyLimit,
  });
  await log.open(() => 'epoch');
  return log;
};

/** A log that begins with this content, at offset 1. */
export const createLog = async (
  storage: MemoryStorage,
  content: Content = [{}, {}],
  options: Options = {},
): Promise<RoomLog> => {
  const log = await openLog(storage, options);
  log.epoch = 'epoch';
  log.offset = 1;
  await log.create(content, new Map());
  return log;
};

/** Adds a commit, at the next offset if no other is given. */
export const appendChanges = (
  log: RoomLog,
  [tables, values]: Content,
  answers: {[clientId: string]: [number, ...number[]]} = {},
  offset = log.offset + 1,
): Promise<void> => {
  const text = JSON.stringify([[tables, values, 1]]);
  return log.append({
    offset,
    list: JSON.parse(text),
    text,
    answers: new Map(Object.entries(answers)),
  });
};

/** Takes all steps of a compaction, or up to that many; answers how many. */
export const compact = async (
  log: RoomLog,
  maxSteps = Infinity,
): Promise<number> => {
  let steps = 0;
  for await (const _ of log.compact()) {
    if (++steps == maxSteps) {
      break;
    }
  }
  return steps;
};

export const getKeys = (storage: MemoryStorage): string[] =>
  storage.getEntries().map(([key]) => key);

/** The bytes that keys with this in them hold. */
export const measureStorage = (storage: MemoryStorage, part = ''): number =>
  storage
    .getEntries()
    .filter(([key]) => key.includes(part))
    .reduce(
      (sum, [key, value]) =>
        sum + key.length + ((value as {length?: number}).length ?? 0),
      0,
    );
