/** Makes one file of a Worker, for workerd to run. */
import {join} from 'node:path';
import {build, type Plugin} from 'esbuild';
import {REPOSITORY} from './repository.js';
import type {ObjectStorage} from './workerd.js';

export interface WorkerSource {
  /** The Worker's module, as text; its imports begin at the repository. */
  code: string;
  /** What it exports for Durable Objects, by the binding of each. */
  objects: {readonly [binding: string]: string};
  plugins?: Plugin[];
}

/** Where what only this runtime needs is installed. */
export const RUNTIME = join(REPOSITORY, 'test/partyserver');

const SOURCE = 'worker-under-test';

const createSourcePlugin = (code: string): Plugin => ({
  name: SOURCE,
  setup: ({onResolve, onLoad}) => {
    onResolve({filter: new RegExp(`^${SOURCE}$`)}, ({path}) => ({
      path,
      namespace: SOURCE,
    }));
    onLoad({filter: /.*/, namespace: SOURCE}, () => ({
      contents: code,
      loader: 'ts',
      resolveDir: REPOSITORY,
    }));
  },
});

/**
 * Bundles a Worker. Each of its classes is exported by the name of its binding,
 * and its storage has the limits that workerd leaves to Cloudflare.
 */
export const bundleWorker = async (
  {code, objects, plugins = []}: WorkerSource,
  {storage, outfile}: {storage: ObjectStorage; outfile: string},
): Promise<void> => {
  const exports = Object.entries(objects).map(
    ([binding, name]) =>
      `export const ${binding} = limitStorage(worker.${name}, '${storage}');`,
  );
  await build({
    stdin: {
      contents: `
        import * as worker from '${SOURCE}';
        import {limitStorage} from '${RUNTIME}/worker/limit-storage.ts';
        export default worker.default;
        ${exports.join('\n')}`,
      resolveDir: REPOSITORY,
    },
    plugins: [createSourcePlugin(code), ...plugins],
    alias: process.env.TINYBASE == null ? {} : {tinybase: process.env.TINYBASE},
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    conditions: ['workerd', 'worker'],
    external: ['cloudflare:*', 'node:*'],
    outfile,
    logLevel: 'silent',
  });
};
