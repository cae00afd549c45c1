import fc from 'fast-check';
import {Webhook} from 'standardwebhooks';
import {describe, expect, test} from 'vitest';
import {
  createWebhookSigner,
  MAX_SIGNATURES,
  type ReceivedWebhook,
  TOLERANCE_SECONDS,
} from '../../src/protocol/webhook-signature.js';

const NOW = 1_700_000_000;
const BODY = '{"type":"storeUpdated"}';

const makeSecret = (bytes: Uint8Array): string =>
  `whsec_${Buffer.from(bytes).toString('base64')}`;

const SECRET = makeSecret(new Uint8Array(32).fill(1));
const OLD_SECRET = makeSecret(new Uint8Array(24).fill(2));
const OTHER_SECRET = makeSecret(new Uint8Array(64).fill(3));

const arbitrarySecret = fc
  .uint8Array({minLength: 24, maxLength: 64})
  .map(makeSecret);

const arbitraryId = fc.string({
  unit: fc.constantFrom(...'aZ09_-,:/+~!'),
  minLength: 1,
  maxLength: 40,
});

const arbitraryBody = fc.string({unit: 'binary', maxLength: 200});

const makeHeaders = (
  id: string,
  timestamp: number | string,
  signature: string,
): Headers =>
  new Headers({
    'webhook-id': id,
    'webhook-timestamp': `${timestamp}`,
    'webhook-signature': signature,
  });

const sign = (secrets: string | string[], id = 'id', body = BODY) =>
  createWebhookSigner(secrets).sign({id, timestampSeconds: NOW, body});

const verify = (
  secrets: string | string[],
  headers: Headers,
  more: Partial<ReceivedWebhook> = {},
) =>
  createWebhookSigner(secrets).verify({
    headers,
    body: BODY,
    nowSeconds: NOW,
    ...more,
  });

describe('a secret', () => {
  test.each([24, 25, 32, 64])('W1: may have %i bytes', (length) => {
    createWebhookSigner(makeSecret(new Uint8Array(length)));
  });

  test.each([
    ['23 bytes', makeSecret(new Uint8Array(23))],
    ['65 bytes', makeSecret(new Uint8Array(65))],
    ['no bytes', 'whsec_'],
    ['no prefix', SECRET.slice('whsec_'.length)],
    ['another prefix', SECRET.replace('whsec_', 'whsec-')],
    ['a public key', SECRET.replace('whsec_', 'whpk_')],
    ['no base64', `whsec_${'*'.repeat(44)}`],
    [
      'base64url',
      makeSecret(new Uint8Array(32).fill(255)).replaceAll('/', '_'),
    ],
    ['no padding', SECRET.replace('=', '')],
    ['a newline after it', `${SECRET}\n`],
  ])(
    'W1: with %s is refused, saying what to do and not the secret',
    (_, secret) => {
      expect(() => createWebhookSigner([SECRET, secret])).toThrow(
        new TypeError(
          'A webhook secret is malformed. It is whsec_ and the base64 of 24 to ' +
            '64 random bytes. To make one: ' +
            'echo "whsec_$(openssl rand -base64 32)"',
        ),
      );
    },
  );

  test('W1: that is missing is told so', () => {
    const missing = process.env.NO_SUCH_SECRET as string;
    [missing, '', [missing]].forEach((secret) =>
      expect(() => createWebhookSigner(secret)).toThrow(
        'is its environment variable set?',
      ),
    );
  });

  test('W1: there is one at least, and few enough to check', () => {
    expect(() => createWebhookSigner([])).toThrow('Give 1 to 10');
    const secrets = Array<string>(MAX_SIGNATURES).fill(SECRET);
    createWebhookSigner(secrets);
    expect(() => createWebhookSigner([...secrets, SECRET])).toThrow(
      'Give 1 to 10',
    );
  });
});

describe('a signature', () => {
  test('W2: is the one that the specification has', async () => {
    // Computed with `openssl dgst -sha256 -mac HMAC`.
    expect(await sign(SECRET)).toBe(
      'v1,QJthjC0DhOxUUw9ho6ZQXWW6Vkpm5U41NR7AW0u+JrY=',
    );
  });

  test('W2: is one for each secret, in their order', async () => {
    const [one, two] = [await sign(SECRET), await sign(OLD_SECRET)];
    expect(one).not.toBe(two);
    expect(await sign([SECRET, OLD_SECRET])).toBe(`${one} ${two}`);
  });

  test('W2: is of the bytes, however they are given', async () => {
    const signer = createWebhookSigner(SECRET);
    const body = Buffer.from('é😀');
    const webhook = {id: 'id', timestampSeconds: NOW, body};
    expect(await signer.sign(webhook)).toBe(await sign(SECRET, 'id', 'é😀'));
  });

  test.each(['', 'a.b', 'a b', 'a\n', 'é'])(
    'W2: is not made with the id %j',
    async (id) => {
      await expect(sign(SECRET, id)).rejects.toThrow(TypeError);
    },
  );

  test.each([1.5, -1, NaN, Infinity])(
    'W2: is not made at %d',
    async (timestampSeconds) => {
      const webhook = {id: 'id', timestampSeconds, body: BODY};
      await expect(createWebhookSigner(SECRET).sign(webhook)).rejects.toThrow(
        TypeError,
      );
    },
  );

  test('W2: of ours is taken by the reference library', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitrarySecret, {minLength: 1, maxLength: 3}),
        arbitraryId,
        arbitraryBody,
        async (secrets, id, body) => {
          const signature = await createWebhookSigner(secrets).sign({
            id,
            timestampSeconds: nowSeconds,
            body,
          });
          for (const secret of secrets) {
            new Webhook(secret).verify(
              body,
              Object.fromEntries(makeHeaders(id, nowSeconds, signature)),
              {jsonParse: false},
            );
          }
        },
      ),
    );
  });

  test('W3: of the reference library is taken by us', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitrarySecret,
        fc.array(arbitrarySecret, {maxLength: 2}),
        arbitraryId,
        arbitraryBody,
        async (secret, others, id, body) => {
          const signature = new Webhook(secret).sign(
            id,
            new Date(NOW * 1000),
            body,
          );
          expect(
            await verify([...others, secret], makeHeaders(id, NOW, signature), {
              body: Buffer.from(body),
            }),
          ).toEqual({ok: true, id});
        },
      ),
    );
  });
});

describe('what is verified', () => {
  test('W3: may have a signature by any of the secrets', async () => {
    const byBoth = makeHeaders('id', NOW, await sign([OLD_SECRET, SECRET]));
    expect(await verify(SECRET, byBoth)).toEqual({ok: true, id: 'id'});
    expect(await verify(OLD_SECRET, byBoth)).toEqual({ok: true, id: 'id'});
    const byOne = makeHeaders('id', NOW, await sign(OLD_SECRET));
    expect((await verify([SECRET, OLD_SECRET], byOne)).ok).toBe(true);
    expect(await verify([SECRET, OTHER_SECRET], byOne)).toEqual({
      ok: false,
      reason: 'signatureWrong',
    });
  });

  test('W3: may have signatures of versions yet unknown', async () => {
    const signature = await sign(SECRET);
    const mac = signature.slice('v1,'.length);
    for (const before of ['v1a,abc', 'v2,', 'nonsense', 'v1,', '', 'v1,*']) {
      const headers = makeHeaders('id', NOW, `${before} ${signature}`);
      expect(await verify(SECRET, headers)).toEqual({ok: true, id: 'id'});
    }
    for (const alone of [`v2,${mac}`, `v1a,${mac}`, `V1,${mac}`, mac]) {
      expect(await verify(SECRET, makeHeaders('id', NOW, alone))).toEqual({
        ok: false,
        reason: 'signatureWrong',
      });
    }
  });

  test('W3: has signatures that are looked at up to a bound', async () => {
    const [wrong, right] = [await sign(OTHER_SECRET), await sign(SECRET)];
    const put = (count: number, signature: string) =>
      makeHeaders('id', NOW, `${`${signature} `.repeat(count)}${right}`);
    const within = put(MAX_SIGNATURES - 1, wrong);
    expect((await verify(SECRET, within)).ok).toBe(true);
    expect((await verify(SECRET, put(MAX_SIGNATURES, wrong))).ok).toBe(false);
    const unknown = put(MAX_SIGNATURES, wrong.replace('v1', 'v2'));
    expect((await verify(SECRET, unknown)).ok).toBe(true);
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'W3: has the header %s',
    async (name) => {
      const headers = makeHeaders('id', NOW, await sign(SECRET));
      headers.set(name, '');
      const refusal = {ok: false, reason: 'headerMissing'};
      expect(await verify(SECRET, headers)).toEqual(refusal);
      headers.delete(name);
      expect(await verify(SECRET, headers)).toEqual(refusal);
    },
  );

  test.each([
    ['a.b', NOW],
    ['é', NOW],
    ['id', `${NOW}.0`],
    ['id', '17e8'],
    ['id', '-1'],
    ['id', '0x1'],
    ['id', '1'.repeat(16)],
  ])('W3: is not by the id %j at %s', async (id, timestamp) => {
    const headers = makeHeaders(id, timestamp, await sign(SECRET));
    expect(await verify(SECRET, headers)).toEqual({
      ok: false,
      reason: 'headerMalformed',
    });
  });

  test('W4: is of now, give or take the tolerance', async () => {
    const headers = makeHeaders('id', NOW, await sign(SECRET));
    const verifyAt = async (offset: number, toleranceSeconds?: number) => {
      const verdict = await verify(SECRET, headers, {
        nowSeconds: NOW + offset,
        ...(toleranceSeconds === undefined ? {} : {toleranceSeconds}),
      });
      return verdict.ok || verdict.reason;
    };
    expect(TOLERANCE_SECONDS).toBe(300);
    expect(await verifyAt(300)).toBe(true);
    expect(await verifyAt(301)).toBe('tooOld');
    expect(await verifyAt(-300)).toBe(true);
    expect(await verifyAt(-301)).toBe('tooNew');
    expect(await verifyAt(11, 10)).toBe('tooOld');
    expect(await verifyAt(-11, 10)).toBe('tooNew');
    expect(await verifyAt(10, 10)).toBe(true);
    expect(await verifyAt(0, NaN)).toBe('tooOld');
  });

  test('W3: has the timestamp as signed, not as understood', async () => {
    const headers = makeHeaders('id', `0${NOW}`, await sign(SECRET));
    expect(await verify(SECRET, headers)).toEqual({
      ok: false,
      reason: 'signatureWrong',
    });
  });

  test('W3: is refused where any one character is another', async () => {
    const parts = ['id', 'timestamp', 'signature', 'body'] as const;
    await fc.assert(
      fc.asyncProperty(
        arbitraryId,
        fc.string({unit: 'grapheme-ascii', minLength: 1, maxLength: 50}),
        fc.constantFrom(...parts),
        fc.nat(),
        fc
          .integer({min: 33, max: 126})
          .map((code) => String.fromCharCode(code)),
        async (id, body, part, where, character) => {
          const webhook = {
            id,
            timestamp: `${NOW}`,
            signature: await sign(SECRET, id, body),
            body,
          };
          const index = where % webhook[part].length;
          fc.pre(webhook[part][index] !== character);
          webhook[part] =
            webhook[part].slice(0, index) +
            character +
            webhook[part].slice(index + 1);
          const {timestamp, signature} = webhook;
          const headers = makeHeaders(webhook.id, timestamp, signature);
          const verdict = await verify(SECRET, headers, {
            body: webhook.body,
            toleranceSeconds: Infinity,
          });
          expect(verdict.ok).toBe(false);
        },
      ),
      {numRuns: 1000},
    );
  });

  test('W3: has a signature in one spelling alone', async () => {
    // The last of 43 characters has two bits to spare.
    const signature = await sign(SECRET);
    const alphabet =
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const last = alphabet.indexOf(signature.at(-2)!);
    const respelt = `${signature.slice(0, -2)}${alphabet[last + 1]}=`;
    const decode = (text: string) => atob(text.slice('v1,'.length));
    expect(decode(respelt)).toBe(decode(signature));
    for (const spelling of [respelt, signature.slice(0, -1)]) {
      const headers = makeHeaders('id', NOW, spelling);
      expect((await verify(SECRET, headers)).ok).toBe(false);
    }
  });
});
