/** What an app says of where a room moves, checked. */

/** Shortest secret: 16 bytes in hexadecimal, which nobody guesses. */
const MIN_SECRET_LENGTH = 32;

/** Who may take a room away from here. */
export type MoveConfig = {
  /**
   * Who knows it may take all rooms of this deployment with all that is in them:
   * 32 characters or more, of printable ASCII, from `openssl rand -hex 32`.
   */
  secret: string;
};

/** Where rooms come from. */
export type MoveFromConfig = {
  /**
   * The URL of the rooms there, up to the name of the room, such as
   * `https://my-app.me.partykit.dev/parties/main`.
   */
  url: string;
  /** The `move.secret` there. */
  secret: string;
};

const checkSecret = (secret: unknown, name: string): void => {
  const remedy =
    'make one by `openssl rand -hex 32`, and give it to both sides.';
  if (!secret || typeof secret != 'string') {
    throw new TypeError(
      `${name}.secret is missing: is its environment variable set? If there is ` +
        `none, ${remedy}`,
    );
  }
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new RangeError(
      `${name}.secret has ${secret.length} characters, and needs ` +
        `${MIN_SECRET_LENGTH}: ${remedy}`,
    );
  }
  if (!/^[!-~]+$/.test(secret)) {
    throw new TypeError(
      `${name}.secret has characters that a header cannot hold: ${remedy}`,
    );
  }
};

/** The URL of rooms, without a slash at its end. @throws Where it is none. */
export const parseRoomsUrl = (url: string, name: string): string => {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Told below.
  }
  if (
    !['https:', 'http:'].includes(parsed?.protocol ?? '') ||
    parsed!.search ||
    parsed!.hash
  ) {
    throw new TypeError(
      `${name} is no URL of rooms: give one up to the name of the room, such as ` +
        'https://my-app.me.partykit.dev/parties/main.',
    );
  }
  return parsed!.href.replace(/\/+$/, '');
};

/** @throws TypeError or RangeError that says what is wrong, and the remedy. */
export const checkMove = ({secret}: MoveConfig): void =>
  checkSecret(secret, 'config.move');

/** @throws TypeError or RangeError that says what is wrong, and the remedy. */
export const parseMoveFrom = (
  config: MoveFromConfig | undefined,
): MoveFromConfig | undefined => {
  if (!config) {
    return undefined;
  }
  checkSecret(config.secret, 'config.moveFrom');
  return {
    url: parseRoomsUrl(config.url, 'config.moveFrom.url'),
    secret: config.secret,
  };
};
