/** The residence of a room, as the app's config says it. */
import type {RoomConfig} from '../room-config.js';
import type {KeyValueStorage} from '../storage/key-value-storage.js';
import {fetchArchive} from './fetch-archive.js';
import {checkMove, parseMoveFrom} from './move-config.js';
import {Residence} from './residence.js';

export type ResidencePlatform = {
  readonly storage: KeyValueStorage;
  /** The id of the room, where it is known. */
  findRoomId(): string | undefined;
  /** The room lives here, and is open. */
  onEnter(): void;
  /** It could not be fetched; who has come is not told why. */
  onFailure(error: unknown): void;
};

/** @throws TypeError or RangeError that says what is wrong in the config. */
export const createResidence = (
  {storagePrefix = '', move, moveFrom}: RoomConfig,
  {storage, findRoomId, onEnter, onFailure}: ResidencePlatform,
): Residence => {
  if (move) {
    checkMove(move);
  }
  const from = parseMoveFrom(moveFrom);
  return new Residence({
    storage,
    storagePrefix,
    onEnter,
    onFailure,
    origin: from && {
      url: from.url,
      fetchArchive: () => fetchArchive({...from, roomId: findRoomId()}),
    },
  });
};
