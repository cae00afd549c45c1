/**
 * The latest write that the room refused, for as long as a person needs to read
 * about it, and the Cells that it was about.
 */
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useState,
} from 'react';
import type {Cell} from 'tinybase';
import {COUNTER} from './counter.js';
import type {CellId} from './counter.js';

type Rows = Record<string, Partial<Record<CellId, Cell>> | undefined>;

export type Refusal = {id: number; cells: string; rows: Rows};

const SHOWN_MS = 8000;

export const RefusalContext = createContext<Refusal | undefined>(undefined);

/** The number of the refusal that this Cell is part of. */
export const useRefusalId = (
  rowId: string,
  cellId: CellId,
): number | undefined => {
  const refusal = useContext(RefusalContext);
  const row = refusal?.rows[rowId];
  return row && cellId in row ? refusal.id : undefined;
};

export const useRefusal = (): [
  refusal: Refusal | undefined,
  reportError: (error: any) => void,
  dismiss: () => void,
] => {
  const [refusal, setRefusal] = useState<Refusal>();

  const reportError = useCallback((error: any) => {
    // Anything else is trouble with the connection, which the badge shows.
    if (error.name === 'RefusedError') {
      const rows: Rows = {};
      for (const [tables] of error.changes) {
        Object.assign(rows, tables[COUNTER]);
      }
      setRefusal({id: Date.now(), cells: describeCells(rows), rows});
    }
  }, []);
  const dismiss = useCallback(() => setRefusal(undefined), []);

  useEffect(() => {
    const timer = refusal && setTimeout(dismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [refusal, dismiss]);

  return [refusal, reportError, dismiss];
};

const describeCells = (rows: Rows): string =>
  Object.values(rows)
    .flatMap((row) => Object.entries(row ?? {}))
    .map(([cellId, cell]) =>
      `${cellId} ${JSON.stringify(cell)}`.replace('-', '−'),
    )
    .join(', ');
