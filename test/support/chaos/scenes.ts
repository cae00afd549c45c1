/** What is done to which mirrors: of a feed, of webhooks, in both directions. */
import {onTestFinished} from 'vitest';
import {
  bundleMirror,
  createMirrorProcess,
  type MirrorProcess,
} from './process.js';
import {runChaos, SEED, startChaosRoom, TIMEOUT_MS} from './run.js';
import type {SqlTarget} from './sql.js';
import type {ChaosTarget} from './target.js';
import {startEditor, TWO_WAY_CONTENT} from './two-way.js';
import {findFreePort} from '../free-port.js';
import {until} from '../until.js';
import {SECRET} from '../webhook-requests.js';

/** There is a second mirror for half of the time. */
const joinForAPart = async (
  second: MirrorProcess,
  getShare: () => number,
): Promise<void> => {
  await until(() => getShare() > 1 / 4, {timeoutMs: TIMEOUT_MS});
  await second.start();
  await until(() => getShare() > 3 / 4, {timeoutMs: TIMEOUT_MS});
  await second.retire();
};

/** Follows a room by its feed; for a part of the time there are two mirrors. */
export const runFeedChaos = async (target: ChaosTarget): Promise<string> => {
  onTestFinished(() => target.close());
  const {dev, room} = await startChaosRoom();
  const file = await bundleMirror();
  const options = {place: target.place, room: `${room.url}/store`};
  const [first, second] = [
    createMirrorProcess(file, options),
    createMirrorProcess(file, options),
  ];
  await first.start();
  return await runChaos({
    target,
    dev,
    room,
    mirrors: [first, second],
    accompany: (getShare) => joinForAPart(second, getShare),
  });
};

/** Is told of the room by webhooks alone, at a port that is often down. */
export const runWebhookChaos = async (target: ChaosTarget): Promise<string> => {
  onTestFinished(() => target.close());
  const port = await findFreePort();
  const webhook = {
    url: `http://127.0.0.1:${port}`,
    secret: SECRET,
    include: 'changes',
    throttleMs: 50,
  };
  const {dev, room} = await startChaosRoom({
    webhooks: JSON.stringify([webhook]),
  });
  const mirror = createMirrorProcess(await bundleMirror(), {
    place: target.place,
    room: `${room.url}/store`,
    webhooks: {port, secret: SECRET},
  });
  await mirror.start();
  return await runChaos({
    target,
    dev,
    room,
    mirrors: [mirror],
  });
};

/** Others edit the tables as well, which two mirrors push for a part of the time. */
export const runTwoWayChaos = async (target: SqlTarget): Promise<string> => {
  onTestFinished(() => target.close());
  const {dev, room} = await startChaosRoom({}, TWO_WAY_CONTENT);
  const file = await bundleMirror();
  const options = {
    place: target.place,
    room: `${room.url}/store`,
    twoWay: true,
  };
  const [first, second] = [
    createMirrorProcess(file, options),
    createMirrorProcess(file, options),
  ];
  await first.start();
  await until(() => target.getPosition(room.name), {timeoutMs: 30_000});
  const editor = await startEditor(target.db, room, SEED);
  const said = await runChaos({
    target,
    dev,
    room,
    mirrors: [first, second],
    accompany: (getShare) => joinForAPart(second, getShare),
    settle: editor.stop,
    check: editor.check,
  });
  return `${said}; ${editor.getEditCount()} edits by SQL`;
};
