/** The page of docs/feeds.md, in a real browser, from another origin. */
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {build} from 'esbuild';
import type {Browser} from 'playwright-core';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {isChromiumMissing, launchChromium} from '../support/chromium.js';
import {canonicalize} from '../support/content.js';
import {findDocsBlock} from '../support/docs-blocks.js';
import {startClient} from '../support/halves.js';
import type {PartyKitDev} from '../support/partykit-dev.js';
import {REPOSITORY} from '../support/run.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

const SHOWN_URL = 'http://localhost:1999/parties/main/my-room/store';
const PATIENCE_MS = 20_000;

/** Serves a page of nothing but a script, on an origin of its own. */
const servePage = async (script: string): Promise<string> => {
  const server: Server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(
      `<!doctype html><link rel="icon" href="data:,"><body></body>` +
        `<script type="module">${script}</script>`,
    );
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve()),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

describe.skipIf(isChromiumMissing())('the page of docs/feeds.md', () => {
  let dev: PartyKitDev;
  let browser: Browser;

  beforeAll(async () => {
    dev = await startTestRooms();
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await dev?.stop();
  });

  test('V1, V3, V4: shows a room as it is, also after a crash of it', async () => {
    const query = {token: 'secret'};
    const room = createTestRoom(dev, 'ours', {
      name: 'private-page',
      query: '?token=secret',
    });
    await room.putContent([{pets: {fido: {tags: ['good']}}}, {}]);
    const {store} = await startClient('ours', room, {socket: {query}});
    const {outputFiles} = await build({
      stdin: {
        contents: findDocsBlock('feeds.md', '// page.ts').replace(
          SHOWN_URL,
          `${room.url}/store`,
        ),
        loader: 'ts',
        resolveDir: REPOSITORY,
      },
      bundle: true,
      format: 'esm',
      write: false,
    });
    const page = await (await browser.newContext()).newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(await servePage(outputFiles[0]!.text));

    /** What the page shows is the room's Tables. */
    const expectShown = async (): Promise<void> => {
      let shown: string | null = '';
      await until(
        async () => {
          shown = await page.textContent('body');
          return (
            shown?.startsWith('{') &&
            canonicalize(JSON.parse(shown)) == canonicalize(store.getTables())
          );
        },
        {timeoutMs: PATIENCE_MS, message: () => `it shows ${shown}`},
      );
    };

    await expectShown();
    store.setRow('pets', 'felix', {tags: ['é', {nested: true}], age: 1});
    await expectShown();
    store.transaction(() => {
      store.delRow('pets', 'fido');
      store.delCell('pets', 'felix', 'age');
    });
    await expectShown();
    await dev.restart();
    store.setCell('pets', 'rex', 'sold', false);
    await expectShown();
    expect(problems).toEqual([]);
  });
});
