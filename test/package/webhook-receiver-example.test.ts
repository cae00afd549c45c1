/** The receiver that docs/feeds.md shows is told by a real room. */
import {spawn} from 'node:child_process';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {expect, onTestFinished, test} from 'vitest';
import {findDocsBlock} from '../support/docs-blocks.js';
import {findFreePort} from '../support/free-port.js';
import {getPendingCount, startClient} from '../support/halves.js';
import {startPartyKitDev} from '../support/partykit-dev.js';
import {REPOSITORY} from '../support/run.js';
import {createTestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';

/** Runs the example, and collects what it prints. */
const startReceiver = async (port: number) => {
  await mkdir(join(REPOSITORY, '.examples'), {recursive: true});
  const folder = await mkdtemp(join(REPOSITORY, '.examples/'));
  const outfile = join(folder, 'receiver.mjs');
  await build({
    stdin: {
      contents: findDocsBlock('feeds.md', '// receiver.ts'),
      loader: 'ts',
      resolveDir: REPOSITORY,
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['hono', '@hono/node-server'],
    alias: {
      'tinybase-partykit/webhook': join(REPOSITORY, 'src/webhook/index.ts'),
    },
  });
  const child = spawn(process.execPath, [outfile], {
    env: {...process.env, PORT: `${port}`, WEBHOOK_SECRET: SECRET},
  });
  onTestFinished(async () => {
    child.kill();
    await rm(folder, {recursive: true, force: true});
  });
  const printed = {lines: [] as string[], errors: ''};
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
    printed.lines = output.split('\n').slice(0, -1);
  });
  child.stderr.on('data', (data: Buffer) => {
    printed.errors += data.toString();
  });
  return printed;
};

test('W10: the receiver in Hono prints what a room tells it', async () => {
  const port = await findFreePort();
  const printed = await startReceiver(port);
  const dev = await startPartyKitDev({
    main: 'test/rooms/webhooks.ts',
    vars: {
      webhooks: JSON.stringify([
        {
          url: `http://127.0.0.1:${port}/webhook`,
          secret: SECRET,
          include: 'changes',
          throttleMs: 0,
        },
      ]),
    },
  });
  onTestFinished(() => dev.stop());
  const room = createTestRoom(dev, 'ours', {party: 'main', name: 'my-room'});
  await room.putContent([{pets: {fido: {sold: false}}}, {}]);
  const client = await startClient('ours', room);
  client.store.setCell('pets', 'fido', 'sold', true);
  await until(() => !getPendingCount(client));
  await until(() => printed.lines.length >= 2, {
    timeoutMs: 15_000,
    message: () => `${printed.lines.join('\n')}\n${printed.errors}`,
  });
  expect(printed.lines).toEqual([
    'my-room 0 1 [{"offset":1,"changes":[[{"pets":{"fido":{"sold":false}}},{},1]]}]',
    'my-room 1 2 [{"offset":2,"changes":[[{"pets":{"fido":{"sold":true}}},{},1]]}]',
  ]);
});
