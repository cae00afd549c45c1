/** The pure parts of the command. */
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {diffContent} from '../../src/cli/content-diff.js';
import {
  formatContentFile,
  parseContentFile,
} from '../../src/cli/content-file.js';
import {describeCommit} from '../../src/cli/describe-commit.js';
import {describeError} from '../../src/cli/errors.js';
import {stripControls} from '../../src/cli/printable.js';
import {createRoomFinder} from '../../src/cli/room-finder.js';
import {splitChanges} from '../../src/cli/split-changes.js';
import {type Content, isEmpty} from '../../src/protocol/changes.js';
import {applyToContent} from '../../src/protocol/content.js';
import {arbitraryContent} from '../support/arbitrary-changes.js';
import {canonicalize} from '../support/content.js';

const SEED = Number(process.env.SEED ?? 1);
const RUNS = {seed: SEED, numRuns: 500};

const clone = <Thing>(thing: Thing): Thing => JSON.parse(JSON.stringify(thing));

/** A file as import takes it. */
const parse = (file: unknown): Content =>
  parseContentFile(typeof file == 'string' ? file : JSON.stringify(file), 'it');

test(`the difference makes one content of another, however it is split, seed ${SEED}`, () => {
  fc.assert(
    fc.property(
      arbitraryContent,
      arbitraryContent,
      fc.integer({min: 1, max: 200}),
      (from, to, maxLength) => {
        const patched = clone(from);
        const parts = splitChanges(diffContent(from, to), maxLength);
        for (const part of parts) {
          const text = JSON.stringify(part);
          // One that is longer cannot be split any more.
          expect(
            text.length <= maxLength ||
              splitChanges(part, 1).length == 1 ||
              `${text} for ${maxLength}`,
          ).toBe(true);
          applyToContent(patched, JSON.parse(text));
        }
        expect(canonicalize(patched)).toBe(canonicalize(to));
        expect(isEmpty(diffContent(patched, to))).toBe(true);
      },
    ),
    RUNS,
  );
});

test(`what is exported is imported as it was, in either form, seed ${SEED}`, () => {
  fc.assert(
    fc.property(
      arbitraryContent,
      fc.boolean(),
      fc.boolean(),
      (content, isBare, isPretty) => {
        const text = formatContentFile(
          {
            content: clone(content),
            position: {epoch: 'e', offset: 1},
            room: 'http://h/store',
            exportedAt: new Date(0),
          },
          {isBare, isPretty},
        );
        expect(canonicalize(parse(text))).toBe(canonicalize(content));
        // As a Store has it: nothing is encoded.
        expect(text).not.toContain('\uFFFD');
      },
    ),
    RUNS,
  );
});

describe('a file', () => {
  test('says where it is from', () => {
    const text = formatContentFile(
      {
        content: [{a: {b: {c: '\uFFFD[1]'}}}, {d: null}],
        position: {epoch: 'e', offset: 7},
        room: 'http://h/store',
        exportedAt: new Date(0),
      },
      {isBare: false, isPretty: false},
    );
    expect(JSON.parse(text)).toEqual({
      format: 'tinybase-partykit-content',
      version: 1,
      room: 'http://h/store',
      epoch: 'e',
      offset: 7,
      exportedAt: '1970-01-01T00:00:00.000Z',
      content: [{a: {b: {c: [1]}}}, {d: null}],
    });
  });

  test('may be what a GET has answered, or an event', () => {
    const content: Content = [{a: {b: {c: '\uFFFD{"d":1}'}}}, {}];
    expect(parse(content)).toEqual(content);
    expect(parse({epoch: 'e', offset: 1, content})).toEqual(content);
    expect(parse([{a: {b: {c: {d: 1}}}}, {}])).toEqual(content);
  });

  test('has no empty Tables and Rows', () => {
    expect(parse([{a: {}, b: {c: {}}, d: {e: {}, f: {g: 1}}}, {}])).toEqual([
      {d: {f: {g: 1}}},
      {},
    ]);
  });

  test.each([
    ['', 'it is empty.'],
    [' \n', 'it is empty.'],
    ['[{},\n {"a": 1,]', 'it is no JSON, in line 2, column 10: '],
    ['[{},{}', 'it is no JSON, in line 1, column 7: '],
    ['[{}]\n[{}]', 'it has lines of JSON, as a history has'],
    ['{"changes":[]}', 'it is a commit of a history'],
    ['7', 'it is no content: import takes'],
    ['null', 'it is no content: import takes'],
    ['{"format":"x","content":[{},{}]}', 'it is of another format: x'],
    [
      '{"format":"tinybase-partykit-content","version":2,"content":[{},{}]}',
      'it is of version 2',
    ],
    ['[{}]', 'it is not [tables, values], but [{}]'],
    ['[{},{},1]', 'it is not [tables, values], but [{},{},1]'],
    ['[7,{}]', 'what is to be the Tables is no object: 7'],
    ['[{},[]]', 'what is to be the Values is no object: []'],
    ['[{"a":1},{}]', 'Table "a" is no object: 1'],
    ['[{"a":{"b":[]}},{}]', 'Table "a", Row "b" is no object: []'],
    [
      '[{"a":{"b":{"c\\n":1e999}}},{}]',
      'Table "a", Row "b", Cell "c\\n" is a number that is not finite',
    ],
    ['[{},{"a":"\uFFFC"}]', 'Value "a" is no Cell or Value: "\uFFFC"'],
    ['[{},{"a":"\uFFFDx"}]', 'Value "a" is no Cell or Value: "\uFFFDx"'],
    [`[{},{"a":${'['.repeat(200)}${']'.repeat(200)}}]`, 'Value "a" is no Cell'],
    [`[{},{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}]`, 'Value "a" is no Cell'],
  ])('%j is none, and it is said why', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe('a commit in one line', () => {
  const describeOne = (changes: any, more = {}) =>
    describeCommit({
      epoch: 'e',
      after: 1,
      offset: 2,
      time: 0,
      changes: [changes],
      ...more,
    });

  test('has what was set and deleted', () => {
    expect(
      describeOne([
        {
          pets: {fido: {sold: true, age: undefined}, felix: undefined},
          gone: undefined,
        },
        {open: null, shut: undefined},
      ]),
    ).toBe(
      '1970-01-01T00:00:00.000Z 2: pets/fido/sold=true, -pets/fido/age' +
        ', -pets/felix, -gone, open=null, -shut',
    );
  });

  test('says whose it is, and of how many it is', () => {
    const changes = [{}, {a: 1}];
    expect(describeOne(changes, {author: 'fido'})).toBe(
      '1970-01-01T00:00:00.000Z 2 (fido): a=1',
    );
    expect(describeOne(changes, {time: undefined, offset: 9})).toBe(
      '- 2..9: a=1',
    );
    expect(describeOne([{}, {}])).toMatch(/: nothing$/);
  });

  test('is short, and moves no cursor', () => {
    const line = describeOne([
      {
        '\u001b[2J': {'': {'a b': '\u001b]0;x\u0007', c: '\u009b\u202e\u2066'}},
        t: Object.fromEntries(
          Array.from({length: 1000}, (_, i) => [`r${i}`, {c: 'x'.repeat(1e4)}]),
        ),
      },
      {},
    ]);
    expect(line.length).toBeLessThan(1_500);
    // oxlint-disable-next-line no-control-regex
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066]/);
    expect(line).toMatch(/^\S+ 2: "\\u001b\[2J"\/""\/"a b"=/);
    expect(line).toMatch(/… 990 more$/);
    expect(stripControls('a\u001b[2Jb\nc\u009bd')).toBe('a [2Jb\nc d');
  });
});

test('an error is told with its causes, each once', () => {
  const refused = Object.assign(
    new AggregateError([new Error('refused')], ''),
    {
      code: 'ECONNREFUSED',
    },
  );
  const error = new Error('It cannot be reached.', {
    cause: new TypeError('fetch failed', {cause: refused}),
  });
  expect(describeError(error)).toBe(
    'It cannot be reached: fetch failed: ECONNREFUSED: refused',
  );
  expect(describeError('text')).toBe('text');
  expect(describeError(undefined)).toBe('Unknown error');
  expect(describeError(new Error('a\n  b', {cause: new Error('a b')}))).toBe(
    'a b',
  );
});

test('a room that a webhook tells of is found by its id', () => {
  const find = createRoomFinder(
    ['http://a/parties/main/one/store', 'http://b/party/*/store?x=1'].map(
      (href) => ({url: new URL(href), name: href, headers: {}}),
    ),
  );
  expect(find('one').url.href).toBe('http://a/parties/main/one/store');
  expect(find('a/b ?').url.href).toBe('http://b/party/a%2Fb%20%3F/store?x=1');
  expect(find('$&').url.href).toBe('http://b/party/%24%26/store?x=1');
  expect(() => createRoomFinder([])('x')).toThrow('give it as --room');
});
