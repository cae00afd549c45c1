/** No rule of the protocol without a test that carries its number. */
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

const RULE = /^- \*\*([A-Z]\d+)\*\* /gm;
/** The first argument of a call: of `test`, `test.each(…)` and the like. */
const NUMBERED_TITLE = /\(\s*['"`]([A-Z]\d+(?:, [A-Z]\d+)*): /g;

const rules = [
  'docs/protocol.md',
  'docs/webhooks.md',
  'docs/mirror.md',
  'docs/moving.md',
  'docs/feeds.md',
].flatMap((path) =>
  [...readFileSync(join(REPOSITORY, path), 'utf8').matchAll(RULE)].map(
    ([, rule]) => rule!,
  ),
);

const files = readdirSync(join(REPOSITORY, 'test'), {recursive: true})
  .map(String)
  .filter((file) => /\.test\.tsx?$/.test(file));

/** The rules that the titles of each file begin with. */
const proved = new Map(
  files.map((file) => {
    const text = readFileSync(join(REPOSITORY, 'test', file), 'utf8');
    return [
      file,
      [...text.matchAll(NUMBERED_TITLE)].flatMap(([, numbers]) =>
        numbers!.split(', '),
      ),
    ];
  }),
);

describe('the rules of the protocol, of webhooks, mirrors, moves and feeds', () => {
  test('are found, each once, from T1 on to V16', () => {
    expect(rules.length).toBeGreaterThanOrEqual(50);
    expect(rules).toEqual([...new Set(rules)]);
    expect([rules.at(0), rules.at(-1)]).toEqual(['T1', 'V16']);
    const last: Record<string, number> = {};
    rules.forEach((rule) => {
      const [letter, number] = [rule[0]!, Number(rule.slice(1))];
      expect(number).toBe((last[letter] ?? 0) + 1);
      last[letter] = number;
    });
  });

  test('are each proved by a test that carries the number', () => {
    const all = new Set([...proved.values()].flat());
    expect(rules.filter((rule) => !all.has(rule))).toEqual([]);
  });

  test('are the only numbers that tests carry', () => {
    const unknown = [...proved].flatMap(([file, numbers]) =>
      numbers
        .filter((number) => !rules.includes(number))
        .map((number) => `${number} in ${file}`),
    );
    expect(unknown).toEqual([]);
  });
});
