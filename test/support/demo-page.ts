import type {Browser, Locator, Page} from 'playwright-core';
import {until} from './until.js';

/** One person's side of the demo page, as its user finds it. */
export interface DemoPane {
  readonly root: Locator;
  /** The field of a Cell, by the name that assistive technology reads. */
  field(label: string): Locator;
  button(name: string): Locator;
  /** Types over a field and presses Enter. */
  edit(label: string, text: string): Promise<void>;
  setOnline(online: boolean): Promise<void>;
  /** Waits until the field shows this, and fails with what it showed last. */
  untilShows(label: string, text: string): Promise<void>;
  /** Waits until the sync badge says this. */
  untilSync(text: string): Promise<void>;
  /** What the fields show, row by row. */
  getRows(): Promise<string[]>;
}

export interface DemoPage {
  readonly page: Page;
  readonly ada: DemoPane;
  readonly grace: DemoPane;
  /** What the page has put on the console as a warning or an error. */
  readonly problems: string[];
  close(): Promise<void>;
}

/** Opens the demo in a browser profile of its own, and waits for its rows. */
export const openDemoPage = async (
  browser: Browser,
  url: string,
  viewport = {width: 1280, height: 800},
): Promise<DemoPage> => {
  const context = await browser.newContext({viewport});
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      problems.push(message.text());
    }
  });
  await page.goto(url);
  const ada = createDemoPane(page, 'Ada');
  const grace = createDemoPane(page, 'Grace');
  await ada.untilSync('Synced');
  await grace.untilSync('Synced');
  return {page, ada, grace, problems, close: () => context.close()};
};

const createDemoPane = (page: Page, name: string): DemoPane => {
  const root = page.getByRole('region', {name, exact: true});
  const field = (label: string): Locator =>
    root.getByRole('textbox', {name: label, exact: true});
  const onlineSwitch = root.getByRole('switch', {name: 'Online'});

  const untilIs = async (
    what: string,
    read: () => Promise<string | null>,
    text: string,
  ): Promise<void> => {
    let last: string | null = null;
    await until(async () => (last = await read()) === text, {
      timeoutMs: 10_000,
      message: () => `${name}: ${what} shows “${last}” rather than “${text}”`,
    });
  };

  return {
    root,
    field,
    button: (label) => root.getByRole('button', {name: label, exact: true}),
    edit: async (label, text) => {
      await field(label).fill(text);
      await field(label).press('Enter');
    },
    setOnline: async (online) => {
      if ((await onlineSwitch.isChecked()) !== online) {
        await onlineSwitch.click();
      }
    },
    untilShows: (label, text) =>
      untilIs(label, () => field(label).inputValue({timeout: 2000}), text),
    untilSync: (text) =>
      untilIs('the badge', () => root.locator('.badge').textContent(), text),
    getRows: () =>
      root
        .locator('tbody tr')
        .evaluateAll((rows) =>
          rows.map((row) =>
            [...row.querySelectorAll('input')].map(({value}) => value).join(),
          ),
        ),
  };
};
