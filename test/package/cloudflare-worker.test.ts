/** `examples/cloudflare-worker` does what it says, with the packed package. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {WebSocket} from 'ws';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {launchChromium, isChromiumMissing} from '../support/chromium.js';
import {findDocsBlock} from '../support/docs-blocks.js';
import {
  getPendingCount,
  startClient,
  type TestClient,
} from '../support/halves.js';
import {run} from '../support/run.js';
import type {ServerProcess} from '../support/server-process.js';
import {signToken} from '../support/sign-token.js';
import {testWhere} from '../support/test-where.js';
import {until} from '../support/until.js';
import {
  installTemplate,
  type InstalledTemplate,
  readInstalledVersion,
} from './cloudflare-worker/install-template.js';
import {startWranglerDev} from './cloudflare-worker/wrangler-dev.js';

let template: InstalledTemplate;
let server: ServerProcess;

beforeAll(async () => {
  template = await installTemplate();
  server = await startWranglerDev(template.dir);
}, 300_000);

afterAll(async () => {
  await server?.stop();
  await template?.remove();
});

const getUrl = (path: string): string => `http://${server.host}${path}`;

const fetchToken = async (room: string, user: string): Promise<string> => {
  const query = new URLSearchParams({room, user});
  const response = await fetch(getUrl(`/token?${query}`), {method: 'POST'});
  expect(response.status).toBe(200);
  return await response.text();
};

/** What an upgrade is answered with. */
const openSocket = (room: string, token: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const query = new URLSearchParams({token});
    const socket = new WebSocket(
      `ws://${server.host}/parties/main/${room}?${query}`,
    );
    socket.on('open', () => {
      socket.close();
      resolve(101);
    });
    socket.on('unexpected-response', (request, {statusCode}) => {
      request.destroy();
      resolve(statusCode!);
    });
    socket.on('error', reject);
  });

const getStatus = async (room: string, token: string): Promise<number> => {
  const query = new URLSearchParams({token});
  const url = getUrl(`/parties/main/${room}/store?${query}`);
  return (await fetch(url)).status;
};

const enter = (room: string, user: string): Promise<TestClient> =>
  startClient(
    'ours',
    {host: server.host, party: 'main', name: room},
    {socket: {query: async () => ({token: await fetchToken(room, user)})}},
  );

const getThings = ({store}: TestClient) => store.getTable('things');

const MILK = {text: 'Milk', done: false, by: 'Ada', at: 1};

describe('what it is made of', () => {
  test('type-checks, the Worker and the page', async () => {
    const {exitCode, output} = await template.runScript('check');
    expect(output).toBe('');
    expect(exitCode).toBe(0);
  }, 120_000);

  test('is tested with what it installs', async () => {
    const {dependencies, devDependencies} = JSON.parse(
      await template.readFile('package.json'),
    );
    const {'tinybase-partykit': own, ...others} = dependencies;
    const {version} = JSON.parse(
      await template.readFile('node_modules/tinybase-partykit/package.json'),
    );
    expect(own).toBe(`^${version}`);
    for (const [name, range] of Object.entries<string>({
      ...others,
      ...devDependencies,
    })) {
      expect([name, range]).toEqual([
        name,
        range.replace(/\d.*/, await readInstalledVersion(name)),
      ]);
    }
  });

  test('could be deployed', async () => {
    const {exitCode, output} = await template.runScript('deploy', '--dry-run');
    expect(output).toMatch(/env\.Main \(Room\)\s+Durable Object/);
    expect(exitCode, output).toBe(0);
  }, 60_000);

  test('so could the least that docs/deploy.md shows', async () => {
    const dir = join(template.dir, 'least');
    await mkdir(join(dir, 'src'), {recursive: true});
    for (const [path, text] of [
      ['wrangler.jsonc', '"name": "my-app"'],
      ['src/index.ts', 'class Room extends TinyBaseServer {}'],
    ] as const) {
      await writeFile(join(dir, path), findDocsBlock('deploy.md', text));
    }
    const {exitCode, output} = await run(
      'npx',
      ['wrangler', 'deploy', '--dry-run'],
      dir,
    );
    expect(output).toMatch(/env\.Main \(Room\)\s+Durable Object/);
    expect(exitCode, output).toBe(0);
  }, 60_000);
});

describe('who comes in', () => {
  test('everybody gets the page', async () => {
    const page = await fetch(getUrl('/'));
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<h1>Shared list</h1>');
    for (const path of ['/page.js', '/style.css']) {
      expect((await fetch(getUrl(path))).status).toBe(200);
    }
    expect((await fetch(getUrl('/nowhere'))).status).toBe(404);
  });

  test('nobody gets a token without a name', async () => {
    const response = await fetch(getUrl('/token?room=door'), {method: 'POST'});
    expect(response.status).toBe(401);
  });

  test('a token opens its own room, by HTTP and WebSocket', async () => {
    const token = await fetchToken('door', 'Zoë');
    expect(await getStatus('door', token)).toBe(200);
    expect(await openSocket('door', token)).toBe(101);
  });

  test('so does one of another server that has the secret', async () => {
    const vars = await template.readFile('.dev.vars');
    const secret = /^TOKEN_SECRET="(.{44})"$/m.exec(vars)![1]!;
    const claims = {user: 'Ada', room: 'door'};
    expect(await getStatus('door', signToken(claims, secret))).toBe(200);
    const stale = signToken({...claims, expiresAt: Date.now() - 1}, secret);
    expect(await getStatus('door', stale)).toBe(401);
    expect(await openSocket('door', stale)).toBe(401);
  });

  test('nothing else does', async () => {
    const token = await fetchToken('door', 'Ada');
    const forged = signToken({user: 'Ada', room: 'door'}, 'another secret');
    const [payload, signature] = token.split('.');
    for (const [room, wrong] of [
      ['door', ''],
      ['door', 'null'],
      ['door', `${payload}.`],
      ['door', `${payload}.%`],
      ['door', `.${signature}`],
      ['door', forged],
      ['elsewhere', token],
    ] as const) {
      expect([wrong, await getStatus(room, wrong)]).toEqual([wrong, 401]);
      expect([wrong, await openSocket(room, wrong)]).toEqual([wrong, 401]);
    }
  });
});

describe('a room', () => {
  test('two people have one list', async () => {
    const ada = await enter('two', 'Ada');
    const grace = await enter('two', 'Grace');
    ada.store.setRow('things', 'milk', MILK);
    grace.store.setRow('things', 'tea', {...MILK, text: 'Tea', by: 'Grace'});
    await until(() => grace.store.hasRow('things', 'milk'));
    grace.store.setCell('things', 'milk', 'done', true);
    const both = {
      milk: {...MILK, done: true},
      tea: {...MILK, text: 'Tea', by: 'Grace'},
    };
    await until(() => ada.store.getCell('things', 'milk', 'done'));
    expect(getThings(ada)).toEqual(both);
    expect(getThings(grace)).toEqual(both);
  });

  test('takes nobody for another, and nothing away from others', async () => {
    const ada = await enter('ruled', 'Ada');
    const grace = await enter('ruled', 'Grace');
    ada.store.setRow('things', 'milk', MILK);
    await until(() => grace.store.hasRow('things', 'milk'));
    const refused: [what: string, (store: TestClient['store']) => void][] = [
      ['removed', (store) => store.delRow('things', 'milk')],
      ['emptied', (store) => store.delCell('things', 'milk', 'by')],
      ['all removed', (store) => store.delTables()],
      ['stolen', (store) => store.setCell('things', 'milk', 'by', 'Grace')],
      ['in her name', (store) => store.setRow('things', 'tea', MILK)],
      [
        'too long',
        (store) => store.setCell('things', 'milk', 'text', 'm'.repeat(201)),
      ],
      ['no column', (store) => store.setCell('things', 'milk', 'price', 1)],
      ['no value', (store) => store.setValue('title', 'Shopping')],
    ];
    for (const [what, refuse] of refused) {
      const before = grace.errors.length;
      refuse(grace.store);
      await until(() => grace.errors.length > before, {message: what});
      expect([what, grace.errors.at(-1)]).toEqual([
        what,
        expect.objectContaining({name: 'RefusedError'}),
      ]);
      await until(
        () =>
          grace.store.getCell('things', 'milk', 'by') == 'Ada' &&
          grace.store.getCell('things', 'milk', 'text') == 'Milk',
        {message: what},
      );
    }
    ada.store.delRow('things', 'milk');
    await until(() => !grace.store.hasRow('things', 'milk'));
    expect(ada.errors).toEqual([]);
  });

  test('keeps what it has through a restart, and clients come back', async () => {
    const ada = await enter('kept', 'Ada');
    ada.store.setRow('things', 'milk', MILK);
    const grace = await enter('kept', 'Grace');
    await until(() => grace.store.hasRow('things', 'milk'));
    await server.restart();
    const late = await enter('kept', 'Linus');
    expect(getThings(late)).toEqual({milk: MILK});
    late.store.setCell('things', 'milk', 'done', true);
    await until(() => ada.store.getCell('things', 'milk', 'done'), {
      timeoutMs: 15_000,
    });
  }, 90_000);
});

test('a room is saved as docs/deploy.md says', async () => {
  const ada = await enter('my-room', 'Ada');
  ada.store.setRow('things', 'milk', MILK);
  const command = findDocsBlock('deploy.md', 'export --token-in-query')
    .replace('https://list.example.com', getUrl(''))
    .replace('…', await fetchToken('my-room', 'backup'));
  await until(() => !getPendingCount(ada));
  const {exitCode, output} = await run('sh', ['-c', command], template.dir);
  expect(exitCode, output).toBe(0);
  const saved = JSON.parse(await template.readFile('my-room.json'));
  expect(saved.content[0]).toEqual({things: {milk: MILK}});
});

testWhere(!isChromiumMissing())(
  'the page shows the list to two people, and takes back what is refused',
  async () => {
    const browser = await launchChromium();
    try {
      const problems: string[] = [];
      const open = async (user: string) => {
        const context = await browser.newContext({
          viewport: {width: 320, height: 640},
        });
        const page = await context.newPage();
        page.on('pageerror', (error) => problems.push(String(error)));
        page.on('console', (message) => {
          if (['error', 'warning'].includes(message.type())) {
            problems.push(message.text());
          }
        });
        await page.addInitScript((name) => {
          localStorage.setItem('user', name);
        }, user);
        await page.goto(getUrl('/?room=seen'));
        await page.getByText('Saved', {exact: true}).waitFor();
        return page;
      };
      const ada = await open('Ada');
      const grace = await open('Grace');

      await ada.getByLabel('What is needed?').fill('Milk');
      await ada.keyboard.press('Enter');
      await grace.getByRole('checkbox', {name: 'Milk'}).check();
      await until(() => ada.getByRole('checkbox', {name: 'Milk'}).isChecked());

      await grace.getByRole('button', {name: 'Remove Milk'}).click();
      await grace.getByText('The room has refused that').waitFor();
      await grace.getByRole('checkbox', {name: 'Milk'}).waitFor();
      await ada.getByRole('button', {name: 'Remove Milk'}).click();
      await grace.getByText('Nothing yet.').waitFor();

      const width = await ada.evaluate(() => document.body.scrollWidth);
      expect(width).toBeLessThanOrEqual(320);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  },
  60_000,
);
