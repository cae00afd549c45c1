/** Changes at random, of so few ids that they meet on the same ones all the time. */
import type {RandomInteger} from './random-edits.js';

const DELETED = '\uFFFC';

/** Sets a Cell or Value to something of `step`, or deletes one, a Row or a Table. */
export const createRandomChanges = (
  random: RandomInteger,
  step: number,
  {withNull = false} = {},
): any => {
  const [table, row, cell] = [3, 4, 3].map((count) => `i${random(count)}`);
  const atom = random(6)
    ? `${step}`.repeat(1 + random(400))
    : withNull && !random(2)
      ? null
      : `\uFFFD[${step}]`;
  switch (random(8)) {
    case 0:
      return [{[table!]: DELETED}, {}, 1];
    case 1:
      return [{[table!]: {[row!]: DELETED}}, {}, 1];
    case 2:
      return [{[table!]: {[row!]: {[cell!]: DELETED}}}, {}, 1];
    case 3:
      return [{}, {[cell!]: random(3) ? atom : DELETED}, 1];
    default:
      return [{[table!]: {[row!]: {[cell!]: atom}}}, {}, 1];
  }
};
