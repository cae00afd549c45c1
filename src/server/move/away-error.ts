/** Thrown where a room does not live in the storage that it was looked for in. */

/** What PartyKit answers a request with whose handler throws it. */
const SERVICE_UNAVAILABLE = 503;

export class AwayError extends Error {
  override readonly name = 'AwayError';
  readonly code = SERVICE_UNAVAILABLE;

  constructor(
    message = 'The room has moved: come back, and you are led to it.',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
