/** Who receives webhooks installs the package for that alone. */
import {join} from 'node:path';
import {runInNewContext} from 'node:vm';
import {build, type Format, type Metafile} from 'esbuild';
import {describe, expect, test} from 'vitest';
import {REPOSITORY} from '../support/run.js';
import {createWebhookRequest, SECRET} from '../support/webhook-requests.js';

const bundle = async (
  format: Format = 'esm',
): Promise<{code: string; metafile: Metafile}> => {
  const {outputFiles, metafile} = await build({
    entryPoints: [join(REPOSITORY, 'src/webhook/index.ts')],
    absWorkingDir: REPOSITORY,
    bundle: true,
    format,
    globalName: 'webhook',
    // Nothing of Node's: Workers and browsers have the rest.
    platform: 'neutral',
    write: false,
    metafile: true,
    packages: 'external',
  });
  return {code: outputFiles[0]!.text, metafile};
};

describe('the bundle of ./webhook', () => {
  test('imports no package, and no module of Node', async () => {
    const {metafile} = await bundle();
    expect(
      Object.values(metafile.outputs).flatMap(({imports}) => imports),
    ).toEqual([]);
  });

  test('brings no client or server code', async () => {
    const {metafile} = await bundle();
    const folders = Object.keys(metafile.inputs).map((path) =>
      path.split('/').slice(0, 2).join('/'),
    );
    expect([...new Set(folders)].toSorted()).toEqual([
      'src/protocol',
      'src/webhook',
    ]);
  });

  test('gives a handler and its listener', async () => {
    const {metafile} = await bundle();
    const [output] = Object.values(metafile.outputs);
    expect(output!.exports.toSorted()).toEqual([
      'createNodeWebhookListener',
      'createWebhookHandler',
    ]);
  });

  test('works where there is nothing but the web platform', async () => {
    const {code} = await bundle('iife');
    const events: unknown[] = [];
    const response = await (runInNewContext(
      `${code};
      webhook.createWebhookHandler({
        secret,
        onStoreUpdated: (event) => events.push(event),
      })(request)`,
      {
        ...{atob, btoa, crypto, Headers, Request, Response, ReadableStream},
        ...{TextDecoder, TextEncoder, Uint8Array},
        ...{events, request: createWebhookRequest(), secret: SECRET},
      },
    ) as Promise<Response>);
    expect(response.status, await response.text()).toBe(204);
    expect(events.length).toBe(1);
  });
});
