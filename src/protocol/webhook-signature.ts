/**
 * Signatures of Standard Webhooks 1.0.0, the symmetric ones (`v1`): what proves
 * that a webhook comes from who has the secret, and came as it was sent.
 */

const PREFIX = 'whsec_';
const VERSION = 'v1,';
const HMAC = {name: 'HMAC', hash: 'SHA-256'};
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/**
 * Most signatures that one webhook has, and that are looked at: far more than a
 * rotation of secrets needs, as each one looked at costs a hash of the body.
 */
export const MAX_SIGNATURES = 10;

/**
 * How far a webhook's timestamp may be off by default: what clocks differ by,
 * and a request takes. What is older may be a replay.
 */
export const TOLERANCE_SECONDS = 300;

/** What is signed. The id has visible ASCII characters, none a full stop. */
export type SignedWebhook = {
  id: string;
  timestampSeconds: number;
  body: string | Uint8Array;
};

/** What has arrived; the body must be the very bytes. */
export type ReceivedWebhook = {
  headers: Pick<Headers, 'get'>;
  body: string | Uint8Array;
  nowSeconds: number;
  toleranceSeconds?: number;
};

/** Why a webhook is not taken. */
export type WebhookRefusal =
  | 'headerMissing'
  | 'headerMalformed'
  | 'tooOld'
  | 'tooNew'
  | 'signatureWrong';

export type WebhookVerdict =
  | {ok: true; id: string}
  | {ok: false; reason: WebhookRefusal};

export type WebhookSigner = {
  /** The value of the header `webhook-signature`: a signature per secret. */
  sign(webhook: SignedWebhook): Promise<string>;
  /** Whether one of the signatures is by one of the secrets, and is fresh. */
  verify(webhook: ReceivedWebhook): Promise<WebhookVerdict>;
};

const encoder = new TextEncoder();

/** The bytes, or undefined where the text is not how they are written. */
const decodeBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    const binary = atob(text);
    // `atob` takes other spellings, too: a signature has one alone.
    return btoa(binary) === text
      ? Uint8Array.from(binary, (character) => character.charCodeAt(0))
      : undefined;
  } catch {
    return undefined;
  }
};

const parseSecret = (secret: string): Uint8Array<ArrayBuffer> => {
  const bytes = secret?.startsWith(PREFIX)
    ? decodeBase64(secret.slice(PREFIX.length))
    : undefined;
  const length = bytes?.length ?? 0;
  if (!bytes || length < MIN_SECRET_BYTES || length > MAX_SECRET_BYTES) {
    throw new TypeError(
      (secret
        ? 'A webhook secret is malformed.'
        : 'A webhook secret is missing: is its environment variable set?') +
        ` It is ${PREFIX} and the base64 of ${MIN_SECRET_BYTES} to ` +
        `${MAX_SECRET_BYTES} random bytes. To make one: ` +
        `echo "${PREFIX}$(openssl rand -base64 32)"`,
    );
  }
  return bytes;
};

// A full stop could move what is signed from one part to the next.
const isWebhookId = (id: string): boolean =>
  /^[!-~]+$/.test(id) && !id.includes('.');

const isTimestamp = (text: string): boolean => /^\d{1,15}$/.test(text);

const concatContent = (
  id: string,
  timestamp: string,
  body: string | Uint8Array,
): Uint8Array<ArrayBuffer> => {
  const start = encoder.encode(`${id}.${timestamp}.`);
  const end = typeof body == 'string' ? encoder.encode(body) : body;
  const content = new Uint8Array(start.length + end.length);
  content.set(start);
  content.set(end, start.length);
  return content;
};

/** The macs of our version in the header; whatever else is there is passed by. */
const parseSignatures = (header: string): Uint8Array<ArrayBuffer>[] =>
  header
    .split(' ')
    .filter((signature) => signature.startsWith(VERSION))
    .slice(0, MAX_SIGNATURES)
    .map((signature) => decodeBase64(signature.slice(VERSION.length)))
    .filter((mac) => mac !== undefined);

/**
 * What signs with all of the secrets, and takes what is signed with any of them:
 * while a secret is rotated there are two.
 *
 * @throws TypeError where a secret is malformed, or none or too many are given.
 */
export const createWebhookSigner = (
  secrets: string | string[],
): WebhookSigner => {
  const rawKeys = [secrets].flat().map(parseSecret);
  if (!rawKeys.length || rawKeys.length > MAX_SIGNATURES) {
    throw new TypeError(`Give 1 to ${MAX_SIGNATURES} webhook secrets.`);
  }
  let keys: Promise<CryptoKey[]> | undefined;
  const getKeys = (): Promise<CryptoKey[]> =>
    (keys ??= Promise.all(
      rawKeys.map((rawKey) =>
        crypto.subtle.importKey('raw', rawKey, HMAC, false, ['sign', 'verify']),
      ),
    ));

  const isGenuine = async (
    content: Uint8Array<ArrayBuffer>,
    macs: Uint8Array<ArrayBuffer>[],
  ): Promise<boolean> => {
    for (const key of await getKeys()) {
      for (const mac of macs) {
        // Compares in constant time.
        if (await crypto.subtle.verify('HMAC', key, mac, content)) {
          return true;
        }
      }
    }
    return false;
  };

  return {
    sign: async ({id, timestampSeconds, body}) => {
      if (!isWebhookId(id) || !isTimestamp(`${timestampSeconds}`)) {
        throw new TypeError(
          'A webhook is signed with an id of visible ASCII characters without ' +
            'a full stop, and a timestamp of whole seconds.',
        );
      }
      const content = concatContent(id, `${timestampSeconds}`, body);
      const signatures = (await getKeys()).map(async (key) => {
        const mac = await crypto.subtle.sign('HMAC', key, content);
        return VERSION + btoa(String.fromCharCode(...new Uint8Array(mac)));
      });
      return (await Promise.all(signatures)).join(' ');
    },

    verify: async ({
      headers,
      body,
      nowSeconds,
      toleranceSeconds = TOLERANCE_SECONDS,
    }) => {
      const id = headers.get('webhook-id');
      const timestamp = headers.get('webhook-timestamp');
      const signatures = headers.get('webhook-signature');
      if (!id || !timestamp || !signatures) {
        return {ok: false, reason: 'headerMissing'};
      }
      if (!isWebhookId(id) || !isTimestamp(timestamp)) {
        return {ok: false, reason: 'headerMalformed'};
      }
      // A tolerance that is not a number must tolerate nothing.
      const ageSeconds = nowSeconds - Number(timestamp);
      if (!(ageSeconds <= toleranceSeconds)) {
        return {ok: false, reason: 'tooOld'};
      }
      if (!(ageSeconds >= -toleranceSeconds)) {
        return {ok: false, reason: 'tooNew'};
      }
      const content = concatContent(id, timestamp, body);
      return (await isGenuine(content, parseSignatures(signatures)))
        ? {ok: true, id}
        : {ok: false, reason: 'signatureWrong'};
    },
  };
};
