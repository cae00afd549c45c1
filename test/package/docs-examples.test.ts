/** Every TypeScript example, in the docs and in doc comments, type-checks. */
import {execFile} from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {expect, test} from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

// What an excerpt without imports takes for granted.
const IMPORTS = `
import {PartySocket} from 'partysocket';
import {createStore} from 'tinybase';
import {createPartyKitPersister} from 'tinybase-partykit/client';
import {TinyBasePartyKitServer} from 'tinybase-partykit/server';
`;

type Example = {source: string; code: string; path: string};

const findExamples = async (path: string): Promise<Example[]> => {
  const text = await readFile(join(REPOSITORY, path), 'utf8');
  // In a doc comment each line begins with an asterisk.
  const plain = path.endsWith('.md') ? text : text.replaceAll(/^ *\* ?/gm, '');
  return [...plain.matchAll(/^```tsx?\n(.*?)^```/gms)].map(
    ([, code], index) => ({
      source: `${path}, example ${index + 1}`,
      code: code!.includes('import ') ? code! : IMPORTS + code!,
      // By the name in its first line, for others of the page to import it.
      path: join(
        path.replaceAll(/\W/g, '_'),
        /^\/\/ (\S+\.ts)\n/.exec(code!)?.[1] ?? `${index}.ts`,
      ),
    }),
  );
};

const listFiles = async (folder: string, ending: string): Promise<string[]> =>
  (await readdir(join(REPOSITORY, folder), {recursive: true}))
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

test('the examples of README, docs and doc comments type-check', async () => {
  const paths = [
    'README.md',
    ...(await listFiles('docs', '.md')),
    ...(await listFiles('src', '.ts')),
  ];
  const examples = (await Promise.all(paths.map(findExamples))).flat();
  expect(examples.length).toBeGreaterThanOrEqual(4);

  await mkdir(join(REPOSITORY, '.examples'), {recursive: true});
  const folder = await mkdtemp(join(REPOSITORY, '.examples/'));
  try {
    const paths = examples.map(({path}) => path);
    expect(paths).toEqual([...new Set(paths)]);
    for (const {source, code, path} of examples) {
      await mkdir(dirname(join(folder, path)), {recursive: true});
      await writeFile(join(folder, path), `// ${source}\n${code}`);
    }
    const tsc = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
    // The types of the Workers runtime contradict those of a browser.
    const [forWorkers, others] = [true, false].map((isForWorkers) =>
      examples.filter(
        ({code}) =>
          /'(tinybase-partykit\/)?partyserver/.test(code) == isForWorkers,
      ),
    );
    for (const [base, files] of [
      ['../../src/partyserver/tsconfig.json', forWorkers!],
      ['../../tsconfig.json', others!],
    ] as const) {
      expect(files.length).toBeGreaterThan(0);
      await writeFile(
        join(folder, 'tsconfig.json'),
        JSON.stringify({
          extends: base,
          compilerOptions: {noUnusedLocals: false, noImplicitOverride: false},
          files: files.map((example) => example.path),
          include: [],
          exclude: [],
        }),
      );
      await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch(
        ({stdout}: {stdout: string}) => expect.fail(stdout),
      );
    }
  } finally {
    await rm(folder, {recursive: true});
  }
}, 120_000);

test('the room of docs/authentication.md is the one that is tested', async () => {
  const room = await readFile(
    join(REPOSITORY, 'test/rooms/token-room.ts'),
    'utf8',
  );
  expect(
    await readFile(join(REPOSITORY, 'docs/authentication.md'), 'utf8'),
  ).toContain(
    room.replace("'../../src/server/index.js'", "'tinybase-partykit/server'"),
  );
});

test('the room and the code of docs/back-ends.md are those that are tested', async () => {
  const guide = await readFile(join(REPOSITORY, 'docs/back-ends.md'), 'utf8');
  for (const path of [
    'rooms/patched.ts',
    'support/increment.ts',
    'support/patch-once.ts',
  ]) {
    const code = await readFile(join(REPOSITORY, 'test', path), 'utf8');
    expect(guide).toContain(
      code.replace("'../../src/server/index.js'", "'tinybase-partykit/server'"),
    );
  }
});
