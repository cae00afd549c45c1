/** A place in a room's history, as its ids, ETags and queries name it. */

export type Place = {
  /** Undefined where it is meant to be the room's. */
  epoch: string | undefined;
  offset: number;
};

/** Whether it may be an offset, or a time: both count from 0 on. */
export const isCount = (thing: unknown): thing is number =>
  Number.isSafeInteger(thing) && (thing as number) >= 0;

const PLACE = /^(?:(\w*)\.)?(\d{1,15})$/;

/** `epoch.offset` */
export const encodePlace = ({epoch = '', offset}: Place): string =>
  `${epoch}.${offset}`;

/** Of `epoch.offset` or an offset alone; undefined for anything else. */
export const parsePlace = (text: string): Place | undefined => {
  const [, epoch, offset] = PLACE.exec(text) ?? [];
  return offset === undefined ? undefined : {epoch, offset: Number(offset)};
};

/** The ETag of a place; of a room that has no Store the epoch is empty. */
export const encodeEtag = (place: Place): string => `"${encodePlace(place)}"`;

/** Of an ETag; a proxy may have made it weak. Undefined for anything else. */
export const parseEtag = (
  etag: string | null,
): {epoch: string; offset: number} | undefined => {
  const [, epoch, offset] =
    /^(?:W\/)?"(\w*)\.(\d{1,15})"$/.exec(etag ?? '') ?? [];
  return epoch === undefined ? undefined : {epoch, offset: Number(offset)};
};
