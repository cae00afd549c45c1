/**
 * Takes one out of stock or puts one in. The stock can reach −1 here: that
 * is for the room to refuse.
 */
import {useSetCellCallback} from 'tinybase/ui-react';
import {COUNTER} from './counter.js';

type Props = {rowId: string; by: 1 | -1; label: string};

export const StepButton = ({rowId, by, label}: Props) => {
  const step = useSetCellCallback(
    COUNTER,
    rowId,
    'stock',
    () => (stock) => Number(stock ?? 0) + by,
    [by],
  );
  return (
    <button type="button" className="icon" aria-label={label} onClick={step}>
      {by > 0 ? '+' : '−'}
    </button>
  );
};
