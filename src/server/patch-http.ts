/** Changes over HTTP, as docs/protocol.md describes them: for back ends. */
import {parseChanges, parseJson} from '../protocol/parse-changes.js';
import {parseIdempotencyKey} from './idempotency-key.js';
import {getEtag, getPrecondition} from './preconditions.js';
import {readText} from './read-text.js';
import type {Responder} from './responder.js';
import type {Room} from './room.js';

/** Applies changes as a client's push, and answers what became of them. */
export const respondToPatch = async (
  room: Room<any>,
  request: Request,
  {respond, respondProblem, respondUnmet}: Responder,
): Promise<Response> => {
  const keyText = request.headers.get('Idempotency-Key');
  const key = keyText === null ? undefined : parseIdempotencyKey(keyText);
  if (keyText !== null && !key) {
    return respondProblem(
      400,
      'Malformed Idempotency-Key',
      'Send CLIENT.NUMBER: 1 to 64 characters of A-Z, a-z, 0-9, _ and -, and a ' +
        'decimal integer from 1 on without leading zeros, such as "mirror.42" ' +
        'without the quotes.',
    );
  }
  const {maxPushLength} = room.limits;
  const text = await readText(request, maxPushLength);
  if (text === undefined) {
    return respondProblem(
      413,
      'Content too large',
      `Changes may have ${maxPushLength} UTF-16 units: send them as several.`,
    );
  }
  const changes = parseChanges(parseJson(text));
  if (!changes) {
    return respondProblem(
      400,
      'Malformed changes',
      'Send the JSON of TinyBase changes: [tables, values, 1], with the string ' +
        '"\\uFFFC" for what is deleted.',
    );
  }
  const {position, effect, correction, isExact} = await room.patchContent(
    changes,
    {
      who: request,
      length: text.length,
      isMet: getPrecondition(request.headers),
      key,
    },
  );
  switch (effect) {
    case 'unmet':
      return respondUnmet(position);
    case 'none':
      return respondProblem(
        403,
        'Refused',
        "The room's hooks or its schema let none of the changes through.",
      );
    default:
      return respond(
        200,
        JSON.stringify({
          ...position,
          ...(effect == 'repeated' ? {repeated: true} : {}),
          ...(effect == 'some' ? {refused: true, correction} : {}),
        }),
        {
          'Content-Type': 'application/json; charset=utf-8',
          ...(isExact ? {ETag: getEtag(position)} : {}),
        },
      );
  }
};
