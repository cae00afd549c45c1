/** How long a change takes to who reads the live feed, beside other clients. */
import type {ReadBy} from './load/stream.js';
import {createRoom, request} from './room.js';
import type {Measure, Scenario} from './scenario.js';
import {ONE_IN_FLIGHT, type Shape, stream} from './streams.js';

const measure =
  (readBy: ReadBy, shape: Shape): Measure =>
  async (bench) => {
    const room = createRoom(bench, 'ours');
    // The feed of a room that has no Store is of nothing yet.
    await request(`${room.url}/store`, {method: 'PUT', body: '[{},{"v":1}]'});
    return (await stream(bench, room, shape, {readBy})).p50Ms;
  };

const createScenario = (title: string, shape: Shape): Scenario => ({
  id: `feed-${shape.readers}`,
  title,
  unit: 'ms',
  subjects: {ours: measure('socket', shape), feed: measure('feed', shape)},
  titles: {ours: 'to a WebSocket', feed: 'to a reader of the live feed'},
  goals: [{of: 'feed', to: 'ours', atMost: 2}],
});

export const FEED: Scenario[] = [
  createScenario('1 in flight, median to 1 reader', ONE_IN_FLIGHT),
  createScenario('1 in flight, median to the first of 50 readers', {
    ...ONE_IN_FLIGHT,
    readers: 50,
  }),
];
