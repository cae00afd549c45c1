/**
 * Seeds that have failed once, and what was wrong. They mean what they meant as
 * long as the simulation draws its chances in the same order; add to them
 * whatever `npm run soak` finds.
 */
export const PINNED_SEEDS: [seed: number, why: string][] = [
  [8, 'pushes written as unnumbered frames while the room was only slow'],
  [262, 'a push on an old connection applied again after its new one'],
  [53, 'a push passed over as its connection had slept'],
  [143, 'a refused change kept by its author'],
  [307, 'a Row with a schema default deleted Cell by Cell'],
  [129, 'refusals forgotten with the room’s memory'],
  [196, 'a refusal in a turn that stored nothing else'],
  [4, 'a legacy author not shown what a schema added'],
  [61, 'a legacy client not shown a new room’s schema defaults'],
  [101, 'a heal that showed what was not durable yet'],
  [22, 'a heal that overtook the next write of the same Cell'],
  [421, 'a push too long taken off before those that came first'],
  [418, 'a write under way as a fragment'],
  [170, 'a session that never said hello, as a save was under way'],
  [768, 'the same, with writes pending'],
  [913, 'pushes to a legacy room settled out of order'],
  [956, 'a push passed over after storage could not be read'],
  [9, 'frames sent on a socket that a listener had closed'],
  [426, 'a write numbered for the room that was left'],
  [182, 'an empty legacy room never given a Store'],
  [2132, 'commits missed as the room changed and changed back'],
  [2740, 'an offer that failed and was not repeated'],
  [671, 'an offer under way while a load brought other content'],
  [1665, 'an offer taken for the truth that it no longer was'],
  [3290, 'the content of a room that was left offered to the next'],
];
