import Ours from './ours.js';

/** A room that lets through little at a time. */
export default class extends Ours {
  override readonly config = {
    limits: {
      maxPushLength: 500_000,
      maxContentLength: 1_000_000,
      maxUnreadLength: 1_000_000,
      maxCatchUpBytes: 20_000,
    },
  };
}
