import fc from 'fast-check';
import {
  type Changes as StoreChanges,
  type Content as StoreContent,
  createStore,
} from 'tinybase';
import {describe, expect, expectTypeOf, test} from 'vitest';
import type {Changes, Content} from '../../src/protocol/changes.js';
import {applyToContent, decodeContent} from '../../src/protocol/content.js';
import {
  parseWebhookEvent,
  type StoreUpdatedEvent,
} from '../../src/protocol/webhook-event.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {canonicalize} from '../support/content.js';

const DATA = {room: 'room', epoch: 'epoch', fromOffset: 2, toOffset: 5};
const TIMESTAMP = '2026-01-02T03:04:05.678Z';

const makeEvent = (more: object = {}): any => ({
  type: 'storeUpdated',
  timestamp: TIMESTAMP,
  data: {...DATA, ...more},
});

/** As it is after its way through JSON. */
const parse = (value: unknown) =>
  parseWebhookEvent(JSON.parse(JSON.stringify(value)));

const parseKnown = (value: unknown): StoreUpdatedEvent => {
  const parsed = parse(value);
  return parsed.kind == 'known' ? parsed.event : expect.fail(parsed.kind);
};

describe('an event', () => {
  test('E1: is taken without changes or content', () => {
    expect(parse(makeEvent())).toEqual({kind: 'known', event: makeEvent()});
    expect(Object.keys(parseKnown(makeEvent()).data)).toEqual([
      'room',
      'epoch',
      'fromOffset',
      'toOffset',
    ]);
  });

  test('E1: may tell of no commit, and of the first', () => {
    parseKnown(makeEvent({fromOffset: 5, content: [{}, {}]}));
    parseKnown(makeEvent({fromOffset: 0, toOffset: 0, changes: []}));
  });

  test.each([
    '2026-01-02T03:04:05Z',
    '2026-01-02T03:04:05.123456+02:00',
    '2026-01-02T03:04:05-11:30',
  ])('E1: may be of %s', (timestamp) => {
    const event = parseKnown({...makeEvent(), timestamp});
    expect(event.timestamp).toBe(timestamp);
  });

  test('E2: brings changes and content as an application sees them', () => {
    const {data} = parseKnown(
      makeEvent({
        changes: [
          {
            offset: 3,
            changes: [
              [{t: '\uFFFC', u: {r: '\uFFFC', s: {c: '\uFFFC'}}}, {}, 1],
              [{t: {r: {c: '\uFFFD[1]', d: null}}}, {v: '\uFFFC', w: 'x'}, 1],
            ],
          },
          {offset: 5, changes: []},
        ],
        content: [{t: {r: {c: '\uFFFD{"a":[]}'}}}, {v: '\uFFFD[]', w: 1}],
      }),
    );
    expect(data.changes).toStrictEqual([
      {
        offset: 3,
        changes: [
          [{t: undefined, u: {r: undefined, s: {c: undefined}}}, {}, 1],
          [{t: {r: {c: [1], d: null}}}, {v: undefined, w: 'x'}, 1],
        ],
      },
      {offset: 5, changes: []},
    ]);
    expect(data.content).toStrictEqual([{t: {r: {c: {a: []}}}}, {v: [], w: 1}]);
  });

  test('E2: brings to a Store what its commits did to the content', () => {
    const asSeen = (content: Content): string => {
      decodeContent(content);
      return canonicalize(content);
    };
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(fc.array(arbitraryChanges, {maxLength: 2}), {maxLength: 3}),
        (content, lists: Changes[][]) => {
          const {data} = parseKnown(
            makeEvent({
              fromOffset: 0,
              changes: lists.map((changes, i) => ({offset: i + 1, changes})),
              content,
            }),
          );
          const store = createStore().setContent(data.content!);
          expect(canonicalize(store.getContent())).toBe(
            asSeen(structuredClone(content)),
          );
          data.changes!.forEach(({changes}) =>
            changes.forEach((one) => store.applyChanges(one)),
          );
          const expected = structuredClone(content);
          lists.flat().forEach((one) => applyToContent(expected, one));
          expect(canonicalize(store.getContent())).toBe(asSeen(expected));
        },
      ),
      {numRuns: 300},
    );
  });

  test('E1: brings when each commit was, and whose', () => {
    const changes = [
      {offset: 3, time: 0, author: '', changes: []},
      {offset: 4, time: 1_767_323_045_678, changes: []},
      {offset: 5, author: 'ann', changes: []},
    ];
    expect(parseKnown(makeEvent({changes})).data.changes).toStrictEqual(
      changes,
    );
  });

  test('E3: leaves out what it does not know', () => {
    const changes = [{offset: 4, changes: [[{}, {v: 1}, 1]]}];
    const event = makeEvent({changes});
    const extended = makeEvent({
      more: 1,
      changes: [{...changes[0], more: 'x'}],
    });
    expect(parse({...extended, version: 2})).toEqual({kind: 'known', event});
  });

  test('E3: of a type yet unknown is no malformed one', () => {
    expect(parse({type: 'storeDeleted'})).toEqual({kind: 'unknown'});
    expect(parse({...makeEvent(), type: ''})).toEqual({kind: 'unknown'});
  });

  test.each([
    ['text', 'storeUpdated'],
    ['a list', [makeEvent()]],
    ['null', null],
    ['no type', {...makeEvent(), type: undefined}],
    ['a type that is no text', {...makeEvent(), type: ['storeUpdated']}],
    ['no timestamp', {...makeEvent(), timestamp: undefined}],
    ['a timestamp that is a number', {...makeEvent(), timestamp: 1}],
    ['a day for a timestamp', {...makeEvent(), timestamp: '2026-01-02'}],
    ['no such time', {...makeEvent(), timestamp: '2026-13-02T03:04:05Z'}],
    ['no zone', {...makeEvent(), timestamp: '2026-01-02T03:04:05'}],
    ['no data', {...makeEvent(), data: undefined}],
    ['data that is null', {...makeEvent(), data: null}],
    ['data that is a list', {...makeEvent(), data: [DATA]}],
    ['no room', makeEvent({room: undefined})],
    ['a room that is no text', makeEvent({room: 1})],
    ['no epoch', makeEvent({epoch: undefined})],
    ['an epoch that is no text', makeEvent({epoch: null})],
    ['no first offset', makeEvent({fromOffset: undefined})],
    ['a first offset below zero', makeEvent({fromOffset: -1})],
    ['a first offset after the last', makeEvent({fromOffset: 6})],
    ['no last offset', makeEvent({toOffset: undefined})],
    ['a last offset that is text', makeEvent({toOffset: '5'})],
    ['a last offset that is a fraction', makeEvent({toOffset: 5.5})],
    ['a last offset beyond counting', makeEvent({toOffset: 2 ** 53})],
    ['changes that are null', makeEvent({changes: null})],
    ['changes that are no list', makeEvent({changes: {length: 0}})],
    ['a commit that is null', makeEvent({changes: [null]})],
    ['a commit without offset', makeEvent({changes: [{changes: []}]})],
    ['a commit without changes', makeEvent({changes: [{offset: 3}]})],
    [
      'a time that is text',
      makeEvent({changes: [{offset: 3, time: '1', changes: []}]}),
    ],
    [
      'a time that is null',
      makeEvent({changes: [{offset: 3, time: null, changes: []}]}),
    ],
    [
      'an author that is no text',
      makeEvent({changes: [{offset: 3, author: 1, changes: []}]}),
    ],
    ['changes alone', makeEvent({changes: [[{}, {}, 1]]})],
    ['content that is null', makeEvent({content: null})],
    ['content that is changes', makeEvent({content: [{}, {}, 1]})],
    ['content with a deletion', makeEvent({content: [{}, {v: '\uFFFC'}]})],
    [
      'malformed changes',
      makeEvent({
        changes: [
          {
            offset: 3,
            changes: [
              [{}, {}, 1],
              [{}, {}],
            ],
          },
        ],
      }),
    ],
    ...[
      ['a commit of the offset before', [2]],
      ['a commit of a later offset', [6]],
      ['a commit twice', [3, 3]],
      ['commits out of order', [4, 3]],
    ].map(([title, offsets]): [string, unknown] => [
      title as string,
      makeEvent({
        changes: (offsets as number[]).map((offset) => ({offset, changes: []})),
      }),
    ]),
  ])('E3: is malformed with %s', (_, value) => {
    expect(parse(value)).toEqual({kind: 'malformed'});
  });

  test('E3: is never thrown at, whatever it is', () => {
    const arbitraryThing = fc.oneof(
      fc.jsonValue(),
      arbitraryContent,
      fc.array(fc.record({offset: fc.nat({max: 6}), changes: fc.jsonValue()})),
    );
    fc.assert(
      fc.property(
        fc.record({changes: arbitraryThing, content: arbitraryThing}),
        fc.jsonValue(),
        (more, thing) => {
          expect(['known', 'malformed']).toContain(parse(makeEvent(more)).kind);
          parse(thing);
        },
      ),
    );
  });

  test('has the types of TinyBase', () => {
    type Data = Required<StoreUpdatedEvent['data']>;
    expectTypeOf<Data['changes'][0]['author']>().toEqualTypeOf<
      string | undefined
    >();
    expectTypeOf<Data['changes'][0]['time']>().toEqualTypeOf<
      number | undefined
    >();
    expectTypeOf<Data['content']>().toEqualTypeOf<StoreContent>();
    expectTypeOf<Data['changes'][0]['changes']>().toEqualTypeOf<
      StoreChanges[]
    >();
  });
});
