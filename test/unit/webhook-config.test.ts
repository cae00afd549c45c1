import {describe, expect, test} from 'vitest';
import {MAX_BODY_BYTES as MAX_RECEIVED_BYTES} from '../../src/webhook/limits.js';
import {MAX_BODY_BYTES} from '../../src/server/webhooks/limits.js';
import {
  parseWebhooks,
  type WebhookConfig,
} from '../../src/server/webhooks/webhook-config.js';
import {makeSecret, SECRET} from '../support/webhook-requests.js';

const URL = 'https://example.com/webhook';

describe('the webhooks of a config', () => {
  test('W10: are none, one or several, with defaults', () => {
    expect(parseWebhooks(undefined)).toEqual([]);
    expect(parseWebhooks([])).toEqual([]);
    expect(parseWebhooks({url: URL, secret: SECRET})).toMatchObject([
      {id: URL, url: URL, throttleMs: 1_000, include: 'none'},
    ]);
    expect(
      parseWebhooks([
        {url: URL, secret: SECRET, throttleMs: 0, include: 'changes'},
        {url: URL, secret: [SECRET, makeSecret(2)], id: 'other'},
      ]).map(({id, throttleMs}) => [id, throttleMs]),
    ).toEqual([
      [URL, 0],
      ['other', 1_000],
    ]);
  });

  test.each<[string, Partial<WebhookConfig>, RegExp]>([
    ['no url', {url: undefined!}, /\[0\]\.url is missing: .*variable/],
    ['an empty url', {url: ''}, /\[0\]\.url is missing/],
    ['a relative url', {url: '/webhook'}, /\[0\]\.url is no absolute URL/],
    ['another protocol', {url: 'ftp://a.b'}, /begins with ftp:/],
    ['a password', {url: 'https://a:b@c.d'}, /user or password/],
    ['no secret', {secret: undefined!}, /\[0\]\.secret: .* is missing/],
    ['a malformed secret', {secret: 'whsec_!'}, /\[0\]\.secret: .*malformed/],
    ['no secrets', {secret: []}, /\[0\]\.secret: Give 1 to 10/],
    ['a throttle below 0', {throttleMs: -1}, /throttleMs is -1/],
    ['a throttle that is none', {throttleMs: NaN}, /throttleMs is NaN/],
    ['a throttle of text', {throttleMs: '1000' as any}, /throttleMs is 1000/],
    ['an endless throttle', {throttleMs: Infinity}, /throttleMs is Infinity/],
    ['an unknown include', {include: 'all' as any}, /include is all: .*none/],
  ])('W10: are refused for %s', (_, wrong, message) => {
    expect(() => parseWebhooks({url: URL, secret: SECRET, ...wrong})).toThrow(
      message,
    );
  });

  test('W10: are at most ten, and no two of the same name', () => {
    const make = (count: number) =>
      Array.from({length: count}, (_, index) => ({
        url: `${URL}/${index}`,
        secret: SECRET,
      }));
    expect(parseWebhooks(make(10))).toHaveLength(10);
    expect(() => parseWebhooks(make(11))).toThrow(/has 11: give 10/);
    expect(() => parseWebhooks([...make(2), make(1)[0]!])).toThrow(
      /two called https:\/\/example\.com\/webhook\/0: give each an id/,
    );
  });

  test('W13: have bodies that a receiver takes', () => {
    expect(MAX_BODY_BYTES).toBeLessThan(MAX_RECEIVED_BYTES);
  });

  test('W18: is told of what fails, and may fail itself, now or later', async () => {
    const told: unknown[] = [];
    for (const fail of [
      (error: unknown) => {
        told.push(error);
        throw new Error('The app failed');
      },
      async (error: unknown) => {
        told.push(error);
        throw new Error('The app failed later');
      },
    ] as ((error: unknown) => void)[]) {
      const [webhook] = parseWebhooks({
        url: URL,
        secret: SECRET,
        onIgnoredError: fail,
      });
      webhook!.onIgnoredError('what failed');
    }
    expect(told).toEqual(['what failed', 'what failed']);
    // What nobody caught would fail the run.
    await new Promise((resolve) => setImmediate(resolve));
  });
});
