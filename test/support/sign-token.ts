import {createHmac} from 'node:crypto';

export const TOKEN_SECRET = 'a secret of the server';

export interface TokenClaims {
  user: string;
  room: string;
  /** Milliseconds since 1970. In an hour unless told. */
  expiresAt?: number;
  /** More, to make it long. */
  more?: unknown;
}

/** Makes a token as `rooms/token-room.ts` wants it. */
export const signToken = (
  {expiresAt = Date.now() + 3_600_000, ...claims}: TokenClaims,
  secret = TOKEN_SECRET,
): string => {
  const payload = Buffer.from(JSON.stringify({expiresAt, ...claims})).toString(
    'base64url',
  );
  const signature = createHmac('sha256', secret)
    .update(payload)
    .digest('base64url');
  return `${payload}.${signature}`;
};
