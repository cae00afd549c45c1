/** A place in a room's history, as its ids, ETags and queries name it. */

export type Place = {
  /** Undefined where it is meant to be the room's. */
  epoch: string | undefined;
  offset: number;
};

const PLACE = /^(?:(\w*)\.)?(\d{1,15})$/;

/** `epoch.offset` */
export const encodePlace = ({epoch = '', offset}: Place): string =>
  `${epoch}.${offset}`;

/** Of `epoch.offset` or an offset alone; undefined for anything else. */
export const parsePlace = (text: string): Place | undefined => {
  const [, epoch, offset] = PLACE.exec(text) ?? [];
  return offset === undefined ? undefined : {epoch, offset: Number(offset)};
};
