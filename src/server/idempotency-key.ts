/** What a PATCH is known by, for it to be taken once however often it comes. */

/** Which of a client's PATCHes it is: it numbers them from 1 on. */
export type IdempotencyKey = {client: string; number: number};

const FORM = /^([\w-]{1,64})\.([1-9]\d{0,15})$/;

/** What their ids begin with where who was answered is remembered. */
const RESERVED = 'key:';

/** The key that a header says; undefined where it is malformed. */
export const parseIdempotencyKey = (
  text: string,
): IdempotencyKey | undefined => {
  const [, client, digits] = FORM.exec(text) ?? [];
  const number = Number(digits);
  return client !== undefined && Number.isSafeInteger(number)
    ? {client, number}
    : undefined;
};

/** What a room remembers its client by, beside those that say hello. */
export const getClientId = ({client}: IdempotencyKey): string =>
  RESERVED + client;

/** Whether nobody can say hello by that id. */
export const isReservedId = (id: string): boolean => id.startsWith(RESERVED);
