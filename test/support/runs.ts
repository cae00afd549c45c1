/** How often what is random is tried, unless an environment variable tells. */

/** Of what is usual: `npm run test:lowest` runs all once more, on another TinyBase. */
const SHARE = process.env.TINYBASE === undefined ? 1 : 1 / 4;

/** As often as the variable says: `RUNS=5000 npx vitest run FILE`. */
export const getRuns = (variable: string, usual: number): number =>
  Number(process.env[variable] ?? Math.ceil(usual * SHARE));
