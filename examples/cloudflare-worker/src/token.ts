/**
 * Tokens that let a user into a room for a while: `payload.signature`, where the
 * payload is the JSON of `{user, room, expiresAt}`, the signature its
 * HMAC-SHA-256, and both are base64url. Whatever server of yours has the secret
 * can make them, too.
 */

type Claims = {user: string; room: string; expiresAt: number};

/** The page asks for a new one at each connection, so that it may be short. */
const LIFE_MS = 5 * 60_000;

const encoder = new TextEncoder();

/** @returns A token for `LIFE_MS` from now. */
export const signToken = async (
  {user, room}: {user: string; room: string},
  secret: string,
): Promise<string> => {
  const claims: Claims = {user, room, expiresAt: Date.now() + LIFE_MS};
  const payload = encode(encoder.encode(JSON.stringify(claims)));
  const signature = await crypto.subtle.sign(
    'HMAC',
    await importKey(secret),
    encoder.encode(payload),
  );
  return `${payload}.${encode(new Uint8Array(signature))}`;
};

/** The user; undefined where the token is forged, stale or for another room. */
export const verifyToken = async (
  token: string,
  room: string,
  secret: string,
): Promise<string | undefined> => {
  const [payload = '', signature = ''] = token.split('.');
  const isGenuine = await crypto.subtle.verify(
    'HMAC',
    await importKey(secret),
    decode(signature),
    encoder.encode(payload),
  );
  if (!isGenuine) {
    return undefined;
  }
  const claims: Claims = JSON.parse(new TextDecoder().decode(decode(payload)));
  return claims.room == room && claims.expiresAt > Date.now()
    ? claims.user
    : undefined;
};

const importKey = (secret: string): Promise<CryptoKey> => {
  if (!secret) {
    throw new Error('TOKEN_SECRET is missing: see README.md.');
  }
  return crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    {name: 'HMAC', hash: 'SHA-256'},
    false,
    ['sign', 'verify'],
  );
};

const encode = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** No bytes where it is not base64url: no signature is as short. */
const decode = (text: string): Uint8Array => {
  try {
    return Uint8Array.from(
      atob(text.replaceAll('-', '+').replaceAll('_', '/')),
      (character) => character.charCodeAt(0),
    );
  } catch {
    return new Uint8Array();
  }
};
