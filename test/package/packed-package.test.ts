import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {
  installPackedPackage,
  type PackedPackage,
} from '../support/packed-package.js';
import {run, runBin} from '../support/run.js';

let packed: PackedPackage;

beforeAll(async () => {
  packed = await installPackedPackage();
}, 120_000);

afterAll(() => packed?.remove());

describe('the packed package', () => {
  test('holds the build, and nothing of the workshop', async () => {
    const files = await readdir(packed.packageDir);
    expect(files.filter((file) => !/\.md$/i.test(file)).toSorted()).toEqual([
      'LICENSE',
      'dist',
      'docs',
      'package.json',
      'src',
    ]);
  });

  test('maps every file of the build back to its source', async () => {
    const dist = join(packed.packageDir, 'dist');
    const files = await readdir(dist, {recursive: true});
    const built = files.filter((file) => /\.(js|d\.ts)$/.test(file));
    expect(built.length).toBeGreaterThan(0);
    for (const file of built) {
      expect(files).toContain(`${file}.map`);
      const map = await readFile(join(dist, `${file}.map`), 'utf8');
      const {sources} = JSON.parse(map) as {sources: string[]};
      for (const source of sources) {
        await readFile(join(dist, file, '..', source));
      }
    }
  });

  test('publint finds nothing to say', async () => {
    const result = await runBin('publint/src/cli.js', [
      ...['run', packed.tarball, '--strict'],
    ]);
    expect(result.output).toContain('All good!');
    expect(result.exitCode, result.output).toBe(0);
  });

  test('its types are not wrong', async () => {
    const result = await runBin('@arethetypeswrong/cli/dist/index.js', [
      ...[packed.tarball, '--profile', 'esm-only', '--no-definitely-typed'],
    ]);
    expect(result.exitCode, result.output).toBe(0);
  });
});

describe('imported in Node', () => {
  const namesOf = async (path: string): Promise<string[]> => {
    const script =
      `import * as all from 'tinybase-partykit/${path}';` +
      'process.stdout.write(JSON.stringify(Object.keys(all)));';
    const {output} = await run(
      process.execPath,
      ['--input-type=module', '-e', script],
      packed.consumerDir,
    );
    return JSON.parse(output) as string[];
  };

  test.each(['client', 'client/with-schemas'])('%s', async (path) => {
    expect(await namesOf(path)).toEqual(['createPartyKitPersister']);
  });

  test.each(['server', 'server/with-schemas'])('%s', async (path) => {
    expect(await namesOf(path)).toEqual([
      'TinyBasePartyKitServer',
      'broadcastChanges',
      'forwardTo',
      'hasStoreInStorage',
      'loadStoreFromStorage',
    ]);
  });

  test('webhook', async () => {
    expect(await namesOf('webhook')).toEqual([
      'createNodeWebhookListener',
      'createWebhookHandler',
    ]);
  });

  test('has no root', async () => {
    const result = await run(
      process.execPath,
      ['--input-type=module', '-e', "import 'tinybase-partykit'"],
      packed.consumerDir,
    );
    expect(result.output).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

describe('bundled by a consumer', () => {
  const bundle = async (
    path: string,
  ): Promise<{code: string; imports: string[]; inputs: string[]}> => {
    const {outputFiles, metafile} = await build({
      stdin: {
        contents: `export * from 'tinybase-partykit/${path}';`,
        resolveDir: packed.consumerDir,
      },
      bundle: true,
      format: 'esm',
      write: false,
      metafile: true,
      // What is left of imports shows what the half needs.
      external: ['tinybase', 'partysocket', 'partykit'],
    });
    return {
      code: outputFiles.map(({text}) => text).join('\n'),
      imports: Object.values(metafile.outputs)
        .flatMap((output) => output.imports)
        .map((imported) => imported.path),
      inputs: Object.keys(metafile.inputs),
    };
  };

  test('the client brings no server code', async () => {
    const {code, imports, inputs} = await bundle('client');
    expect(code).toContain('createPartyKitPersister');
    expect(code).not.toContain('TinyBasePartyKitServer');
    expect(inputs.filter((input) => input.includes('/server/'))).toEqual([]);
    expect(imports.filter((path) => path.startsWith('partykit'))).toEqual([]);
  });

  test('the server brings no client code', async () => {
    const {code, imports, inputs} = await bundle('server');
    expect(code).toContain('TinyBasePartyKitServer');
    expect(code).not.toContain('createPartyKitPersister');
    expect(inputs.filter((input) => input.includes('/client/'))).toEqual([]);
    expect(imports.filter((path) => path.startsWith('partysocket'))).toEqual(
      [],
    );
  });
});

describe('typechecked by a consumer', () => {
  test.each([
    {module: 'nodenext', moduleResolution: 'nodenext'},
    {module: 'esnext', moduleResolution: 'bundler'},
  ])('with moduleResolution $moduleResolution', async (resolution) => {
    const tsconfig = join(
      packed.consumerDir,
      `tsconfig.${resolution.moduleResolution}.json`,
    );
    const compilerOptions = {
      ...resolution,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      noEmit: true,
      // A declaration of ours that does not compile must not pass as `any`.
      skipLibCheck: false,
    };
    await writeFile(tsconfig, JSON.stringify({compilerOptions}));
    const result = await runBin(
      'typescript/bin/tsc',
      ['-p', tsconfig],
      packed.consumerDir,
    );
    expect(result.output).toBe('');
    expect(result.exitCode).toBe(0);
  });
});
