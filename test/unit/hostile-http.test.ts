/** What hostile and broken peers send to `storePath`, by the thousand. */
import fc from 'fast-check';
import {TinyBasePartyKitServer} from 'tinybase-partykit/server';
import {afterAll, describe, expect, test} from 'vitest';
import {applyToFlat, flatten, toText} from '../simulation/flat-content.js';
import {
  arbitraryChangesText,
  arbitraryContentText,
} from '../support/arbitrary-frames.js';
import {createFakeParty} from '../support/fake-party.js';
import {parseNaiveChanges, parseNaiveContent} from '../support/naive-room.js';
import {getRuns} from '../support/runs.js';

/** Others: `SEED=2 npx vitest run test/unit`. */
const SEED = Number(process.env.SEED ?? 1);

const BODIES = getRuns('BODIES', 2_000);
const MAX_LENGTH = 20_000;
const URL = 'http://localhost/parties/main/room';
/** What tells of the room's inside: stack traces and files. */
const INSIDE = /\n\s*at |Error|node_modules|\/src\/|file:\/\//;

let requestCount = 0;
let bodyCount = 0;

class SmallRoom extends TinyBasePartyKitServer {
  override readonly config = {
    allowPatch: false,
    limits: {maxContentLength: MAX_LENGTH},
  };
}

class PatchedRoom extends TinyBasePartyKitServer {
  override readonly config = {
    allowPatch: true,
    limits: {maxPushLength: MAX_LENGTH},
  };
}

class HookedPatchedRoom extends PatchedRoom {
  override async canSetCell(): Promise<boolean> {
    return true;
  }
}

class HookedRoom extends SmallRoom {
  override async canSetCell(): Promise<boolean> {
    return true;
  }
}

const garbage = fc.oneof(
  fc.string({unit: 'binary'}),
  fc.json(),
  fc.constantFrom('', '*', '"', '""', 'W/', 'W/"epoch1.1"', '".0"', ',,,'),
  fc.integer().map((n) => `"${'e'.repeat(9)}.${n}"`),
);

/** Text in any encoding, or bytes that are no text. */
const arbitraryBody: fc.Arbitrary<string | Uint8Array<ArrayBuffer>> = fc.oneof(
  {weight: 8, arbitrary: arbitraryContentText},
  {weight: 1, arbitrary: garbage},
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        arbitraryContentText,
        fc.constantFrom<BufferEncoding>('utf16le', 'latin1', 'base64', 'hex'),
      )
      .map(([text, encoding]) => new Uint8Array(Buffer.from(text, encoding))),
  },
  {weight: 1, arbitrary: fc.uint8Array() as fc.Arbitrary<any>},
  {
    weight: 1,
    arbitrary: arbitraryContentText.map((text) => '\uFEFF' + text),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({min: MAX_LENGTH - 20, max: MAX_LENGTH * 3})
      .map((length) => `[{},{"v":"${'é'.repeat(length)}"}]`),
  },
);

const arbitraryPath = fc.oneof(
  {weight: 12, arbitrary: fc.constant('/store')},
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['', '/', '/store/', '//store', '/STORE', '/%73tore', '/store%2F'],
      ...['/store?x=1', '/x/store', '/../store', '/store#x', '/store/x'],
      ...['/.store', '/%', '/%00', '/store%00', '/storestore', '/a%2Fstore'],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.webPath(),
  },
);

const arbitraryRequest = fc.record({
  method: fc.oneof(
    {weight: 6, arbitrary: fc.constant('PUT')},
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        ...['GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE', 'PATCH', 'put', 'X-Y'],
      ),
    },
  ),
  path: arbitraryPath,
  body: arbitraryBody,
  tag: fc.option(garbage.map((text) => text.replace(/[^\x20-\x7e]/g, '?'))),
});

/** Whether `If-None-Match` names where the room is; nobody knows its epoch. */
const isNamed = (tags: string | null, hasStore: boolean): boolean =>
  tags?.trim() == '*'
    ? hasStore
    : !hasStore && /(^|,)\s*(W\/)?"\.0"\s*(,|$)/.test(tags ?? '');

const toLatestText = (content: unknown) => toText(flatten(content ?? [{}, {}]));

const decodeBody = (body: string | Uint8Array): string =>
  typeof body == 'string' && !body.startsWith('\uFEFF')
    ? Buffer.from(body).toString()
    : new TextDecoder().decode(Buffer.from(body as string));

afterAll(() => {
  console.log(`hostile requests: ${requestCount}, ${bodyCount} with a body`);
});

describe('hostile requests', () => {
  test.each([
    ['no hooks', SmallRoom],
    ['hooks', HookedRoom],
  ])(
    'H1, H2, H4, H5, B4: leave a room with %s as the rules say',
    async (_, Room) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(arbitraryRequest, {maxLength: 30, size: 'max'}),
          async (requests) => {
            const party = createFakeParty(Room);
            let content: unknown;
            for (const {method, path, body, tag} of requests) {
              requestCount++;
              const stored = party.storage.getEntries();
              const hasBody = !['GET', 'HEAD'].includes(method);
              bodyCount += hasBody ? 1 : 0;
              const request = new Request(URL + path, {
                method,
                body: hasBody ? body : null,
                headers: tag === null ? {} : {'If-None-Match': tag},
              });
              const isStore = new globalThis.URL(request.url).pathname.endsWith(
                '/store',
              );
              const response = await party.server.onRequest(request as any);
              const text = await response.text();
              const type = response.headers.get('content-type');
              expect(text).not.toMatch(INSIDE);
              expect(response.headers.get('access-control-allow-origin')).toBe(
                '*',
              );
              const expectProblem = (status: number) => {
                expect([response.status, type]).toEqual([
                  status,
                  'application/problem+json',
                ]);
                expect(JSON.parse(text).status).toBe(status);
              };
              const sent = decodeBody(body);
              const parsed = parseNaiveContent(sent);
              if (!isStore) {
                expect([response.status, text]).toEqual([404, '']);
              } else if (request.method == 'PUT') {
                if (sent.length > MAX_LENGTH) {
                  expectProblem(413);
                } else if (!parsed) {
                  expectProblem(400);
                } else if (isNamed(tag, !!content)) {
                  expectProblem(412);
                } else {
                  expect([response.status, text]).toEqual([
                    content ? 205 : 201,
                    '',
                  ]);
                  content ??= parsed;
                }
              } else if (request.method == 'GET') {
                if (response.status == 304) {
                  expect(tag).toMatch(/\*|\./);
                  expect(text).toBe('');
                } else {
                  expect(response.status).toBe(200);
                  expect(
                    toLatestText(text ? JSON.parse(text) : undefined),
                  ).toBe(toLatestText(content));
                }
              } else if (request.method == 'HEAD') {
                expect([200, 304]).toContain(response.status);
              } else if (request.method == 'OPTIONS') {
                expect(response.status).toBe(204);
              } else {
                expectProblem(405);
                expect(response.headers.get('allow')).toContain('PUT');
              }
              if (response.status != 201) {
                expect(party.storage.getEntries()).toEqual(stored);
              }
            }
          },
        ),
        {seed: SEED, numRuns: Math.ceil(BODIES / 2 / 11)},
      );
    },
    30_000 + BODIES * 10,
  );

  test.each([
    ['no hooks', PatchedRoom],
    ['hooks', HookedPatchedRoom],
  ])(
    'B1, B5: leave a room with %s that takes a PATCH as they say',
    async (_, Room) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              {weight: 2, arbitrary: arbitraryChangesText},
              {weight: 1, arbitrary: arbitraryBody},
            ),
            {maxLength: 30, size: 'max'},
          ),
          async (bodies) => {
            const party = createFakeParty(Room);
            const content = flatten([{}, {}]);
            for (const body of bodies) {
              requestCount++;
              bodyCount++;
              const stored = party.storage.getEntries();
              const response = await party.server.onRequest(
                new Request(`${URL}/store`, {method: 'PATCH', body}) as any,
              );
              expect(await response.text()).not.toMatch(INSIDE);
              const sent = decodeBody(body);
              const changes = parseNaiveChanges(sent);
              if (sent.length > MAX_LENGTH) {
                expect(response.status).toBe(413);
              } else {
                expect(response.status).toBe(changes ? 200 : 400);
                applyToFlat(content, changes ?? [{}, {}]);
              }
              if (response.status != 200) {
                expect(party.storage.getEntries()).toEqual(stored);
              }
            }
            const response = await party.request('GET', '/store');
            const text = (await response.text()) || '[{},{}]';
            expect(toText(flatten(JSON.parse(text)))).toBe(toText(content));
          },
        ),
        {seed: SEED, numRuns: Math.ceil(BODIES / 6 / 11)},
      );
    },
    30_000 + BODIES * 10,
  );
});
