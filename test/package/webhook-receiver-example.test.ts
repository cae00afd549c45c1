/** The receiver that docs/feeds.md shows is told by a real room. */
import {expect, onTestFinished, test} from 'vitest';
import {findDocsBlock} from '../support/docs-blocks.js';
import {findFreePort} from '../support/free-port.js';
import {getPendingCount, startClient} from '../support/halves.js';
import {startPartyKitDev} from '../support/partykit-dev.js';
import {runTypeScript} from '../support/run-example.js';
import {createTestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';

test('W10: the receiver in Hono prints what a room tells it', async () => {
  const port = await findFreePort();
  const printed = await runTypeScript(
    findDocsBlock('feeds.md', '// receiver.ts'),
    {PORT: `${port}`, WEBHOOK_SECRET: SECRET},
  );
  const getLines = () => printed.output.split('\n').slice(0, -1);
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
  await until(() => getLines().length >= 2, {
    timeoutMs: 15_000,
    message: () => `${printed.output}\n${printed.errors}`,
  });
  const withoutTimes = getLines().map((line) =>
    line.replaceAll(/"time":\d{13}/g, '"time":0'),
  );
  expect(withoutTimes).toEqual([
    'my-room 0 1 [{"offset":1,"changes":[[{"pets":{"fido":{"sold":false}}},{},1]]}]',
    'my-room 1 2 [{"offset":2,"time":0,"changes":[[{"pets":{"fido":{"sold":true}}},{},1]]}]',
  ]);
});
