/** What the figures were measured on. */
import {cpus, totalmem} from 'node:os';

export const describeMachine = (): string => {
  const [cpu] = cpus();
  return (
    `${cpus().length} × ${cpu?.model.trim() || process.arch}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`
  );
};
