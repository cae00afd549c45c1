import {readFile} from 'node:fs/promises';
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest';
import type {Browser} from 'playwright-core';
import {isChromiumMissing, launchChromium} from '../support/chromium.js';
import {openDemoPage, type DemoPage} from '../support/demo-page.js';
import {startPartyKitDev, type PartyKitDev} from '../support/partykit-dev.js';
import {until} from '../support/until.js';

const SEED = [
  'Espresso,2.40,40',
  'Chai latte,3.80,18',
  'Scone,3.20,6',
  'Lemon cake,4.50,2',
];
const REFUSED = 'Refused: price −1';

const FAILED_TRY =
  /^WebSocket connection to .* failed|^Failed to load resource: net::ERR_/;

// `partykit dev` starts again when it sees the page that it has just built.
const QUIET_MS = 1500;

describe.skipIf(isChromiumMissing())('the demo', () => {
  let server: PartyKitDev;
  let browser: Browser;
  let rooms = 0;
  const open: DemoPage[] = [];

  beforeAll(async () => {
    const config = JSON.parse(await readFile('partykit.json', 'utf8'));
    server = await startPartyKitDev({
      main: config.main,
      config: {serve: config.serve},
    });
    await untilQuiet(server);
    browser = await launchChromium();
  });

  afterEach(async () => {
    const pages = open.splice(0);
    await Promise.all(pages.map(({close}) => close()));
    expect(pages.flatMap(({problems}) => problems)).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const openUrl = async (
    url: string,
    viewport?: {width: number; height: number},
  ): Promise<DemoPage> => {
    const demo = await openDemoPage(browser, url, viewport);
    open.push(demo);
    return demo;
  };

  const openFreshRoom = (viewport?: {width: number; height: number}) =>
    openUrl(`http://${server.host}/?room=test-${++rooms}`, viewport);

  test('both sides start with the same rows, seeded once', async () => {
    const {ada, grace} = await openFreshRoom();
    expect(await ada.getRows()).toEqual(SEED);
    expect(await grace.getRows()).toEqual(SEED);
  });

  test('an edit on one side appears on the other', async () => {
    const {ada, grace} = await openFreshRoom();
    await ada.edit('Price of Espresso', '2.75');
    await grace.untilShows('Price of Espresso', '2.75');
    await grace.edit('Name of Lemon cake', 'Lemon tart');
    await ada.untilShows('Name of Lemon tart', 'Lemon tart');
    await grace.button('One Chai latte more').click();
    await ada.untilShows('Chai latte in stock', '19');
  });

  test('the feed tells of the content, and of each change', async () => {
    const {page, ada, grace} = await openFreshRoom();
    const feed = page.getByRole('list', {name: 'Latest events'});
    const untilSaid = (text: string) =>
      feed.getByText(text, {exact: true}).first().waitFor();
    await untilSaid('all of the content');
    await ada.edit('Price of Espresso', '2.75');
    await untilSaid('counter.espresso.price = 2.75');
    await grace.button('Remove Scone').click();
    await untilSaid('counter.scone deleted');
  });

  test('a row added or removed on one side follows on the other', async () => {
    const {ada, grace} = await openFreshRoom();
    await ada.button('Add an item').click();
    await grace.untilShows('Name of New item', 'New item');
    await grace.button('Remove Espresso').click();
    const rows = [...SEED.slice(1), 'New item,1.00,0'];
    await untilRows([ada, grace], rows);
  });

  test('offline edits of both sides are merged on return', async () => {
    const {ada, grace} = await openFreshRoom();
    await ada.setOnline(false);
    await grace.setOnline(false);
    await ada.untilSync('Offline');
    await ada.edit('Price of Espresso', '2.60');
    await ada.button('Add an item').click();
    await ada.edit('Name of New item', 'Flat white');
    await ada.untilSync('Offline, 3 unsent');
    await grace.edit('Espresso in stock', '35');
    await grace.button('Remove Scone').click();
    await grace.untilSync('Offline, 2 unsent');
    expect(await ada.field('Espresso in stock').inputValue()).toBe('40');

    await grace.setOnline(true);
    await ada.setOnline(true);
    await untilRows(
      [ada, grace],
      ['Espresso,2.60,35', SEED[1]!, SEED[3]!, 'Flat white,1.00,0'],
    );
    await ada.untilSync('Synced');
    await grace.untilSync('Synced');
  });

  test('a refused write is taken back, with a message', async () => {
    const {ada, grace} = await openFreshRoom();
    await ada.edit('Price of Chai latte', '-1');
    await ada.root.getByText(REFUSED).waitFor();
    await ada.untilShows('Price of Chai latte', '3.80');
    await ada.untilSync('Synced');
    expect(await grace.field('Price of Chai latte').inputValue()).toBe('3.80');
    expect(await grace.root.getByText(REFUSED).count()).toBe(0);

    // The other side was never refused, and can go on.
    await grace.edit('Price of Chai latte', '3.90');
    await ada.untilShows('Price of Chai latte', '3.90');
    await ada.button('Dismiss').click();
    expect(await ada.root.getByText(REFUSED).count()).toBe(0);
  });

  test('a write made offline is refused on return', async () => {
    const {ada, grace} = await openFreshRoom();
    await grace.setOnline(false);
    await grace.untilSync('Offline');
    await grace.button('Try a price of −1').click();
    await grace.untilShows('Price of Espresso', '-1.00');
    await ada.edit('Price of Espresso', '2.50');
    await grace.setOnline(true);
    await grace.root.getByText(REFUSED).waitFor();
    await grace.untilShows('Price of Espresso', '2.50');
  });

  test('a race leaves both sides with one of the two prices', async () => {
    const {page, ada, grace} = await openFreshRoom();
    const bar = page.getByRole('region', {
      name: 'Race',
      exact: true,
    });
    for (let race = 0; race < 20; race++) {
      await bar.getByRole('button').click();
      await bar.getByText('Both now have').waitFor({timeout: 5000});
      const text = (await bar.getByRole('paragraph').textContent()) ?? '';
      const [first, second, both] = text.match(/\d+\.\d\d/g) ?? [];
      expect([first, second]).toContain(both);
      expect(await ada.getRows()).toEqual(await grace.getRows());
    }
  });

  test('a second tab of the room sees and writes the same', async () => {
    const one = await openFreshRoom();
    await one.ada.edit('Price of Espresso', '9.99');
    await one.grace.untilShows('Price of Espresso', '9.99');
    const link = one.page.getByRole('link', {name: 'Open in another tab'});
    const path = await link.getAttribute('href');
    const two = await openUrl(`http://${server.host}${path}`);
    expect(await two.ada.getRows()).toEqual(await one.ada.getRows());
    await two.grace.edit('Scone in stock', '12');
    await one.ada.untilShows('Scone in stock', '12');
    await one.grace.untilShows('Scone in stock', '12');
  });

  test('a page without a room in its URL makes one up', async () => {
    const {page} = await openUrl(`http://${server.host}/`);
    const room = new URL(page.url()).searchParams.get('room');
    expect(room).toMatch(/^[\w-]{8}$/);
    expect(await page.locator('.room code').textContent()).toBe(room);
  });

  test('all of it works by keyboard', async () => {
    const {page, ada, grace} = await openFreshRoom();
    const {keyboard} = page;
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; presses < 60; presses++) {
        if ((await getFocusedName()) === name) {
          return;
        }
        await keyboard.press('Tab');
      }
      throw new Error(`Tab does not reach “${name}”`);
    };
    const getFocusedName = (): Promise<string | undefined> =>
      page.evaluate(() => {
        const {activeElement: focused} = document;
        return focused?.getAttribute('aria-label') ?? focused?.textContent;
      });

    await tabTo('Price of Espresso');
    await keyboard.type('5');
    await keyboard.press('Escape');
    expect(await ada.field('Price of Espresso').inputValue()).toBe('2.40');
    await keyboard.type('2.8');
    await keyboard.press('Enter');
    await grace.untilShows('Price of Espresso', '2.80');

    await tabTo('Remove Espresso');
    await keyboard.press('Enter');
    expect(await getFocusedName()).toBe('Add an item');
    await keyboard.press('Enter');
    await until(async () => (await getFocusedName()) === 'Name of New item');
    await keyboard.type('Mocha');
    await keyboard.press('Enter');
    await grace.untilShows('Name of Mocha', 'Mocha');

    await tabTo('Online');
    await keyboard.press('Space');
    await grace.untilSync('Offline');
    await keyboard.press('Space');
    await grace.untilSync('Synced');
    await tabTo('Race');
    await keyboard.press('Enter');
    await page.getByText('Both now have').waitFor();
  });

  test('says the sync state to assistive technology', async () => {
    const {ada} = await openFreshRoom();
    const status = ada.root.getByRole('status');
    await until(async () => (await status.textContent()) === 'Synced');
    await ada.setOnline(false);
    await until(async () => (await status.textContent()) === 'Offline');
  });

  test('edits made while the server is down are sent when it is back', async () => {
    const {ada, grace, problems} = await openFreshRoom();
    await ada.edit('Price of Espresso', '2.60');
    await grace.untilShows('Price of Espresso', '2.60');
    await server.kill();
    await ada.untilSync('Connecting');
    await ada.edit('Price of Espresso', '2.70');
    await ada.untilSync('Connecting, 1 unsent');
    // Her first push ever meets a room that has just woken.
    await grace.button('Remove Scone').click();
    await server.restart();
    await untilQuiet(server);
    await untilRows([ada, grace], ['Espresso,2.70,40', SEED[1]!, SEED[3]!]);
    await ada.untilSync('Synced');
    await grace.untilSync('Synced');

    // Chromium itself warns of each try to connect meanwhile.
    const others = problems.splice(0).filter((text) => !FAILED_TRY.test(text));
    expect(others).toEqual([]);
  });

  test('fits a screen of 320 pixels', async () => {
    const {page} = await openFreshRoom({width: 320, height: 640});
    const width = await page.evaluate(() => document.body.scrollWidth);
    expect(width).toBeLessThanOrEqual(320);
  });
});

const untilQuiet = async (server: PartyKitDev): Promise<void> => {
  let output = '';
  let since = 0;
  await until(
    () => {
      if (server.getOutput() !== output) {
        output = server.getOutput();
        since = performance.now();
      }
      return performance.now() - since > QUIET_MS;
    },
    {timeoutMs: 20_000, intervalMs: 50},
  );
};

const untilRows = async (
  panes: DemoPage['ada'][],
  rows: string[],
): Promise<void> => {
  let last: string[][] = [];
  await until(
    async () => {
      last = await Promise.all(panes.map((pane) => pane.getRows()));
      return last.every((shown) => shown.join('\n') === rows.join('\n'));
    },
    {timeoutMs: 10_000, message: () => JSON.stringify(last)},
  );
};
