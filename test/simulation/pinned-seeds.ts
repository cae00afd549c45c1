/**
 * Seeds that have failed, and what was wrong. They mean what they meant as long
 * as the simulation draws its chances in the same order.
 */
export const PINNED_SEEDS: [seed: number, why: string][] = [];
