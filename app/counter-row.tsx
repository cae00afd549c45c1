/**
 * One thing on the counter.
 */
import {useCell, useDelRowCallback} from 'tinybase/ui-react';
import {CellInput} from './cell-input.js';
import {COUNTER, formatCell} from './counter.js';
import {StepButton} from './step-button.js';

type Props = {
  rowId: string;
  isNew: boolean;
  onRemove: () => void;
};

export const CounterRow = ({rowId, isNew, onRemove}: Props) => {
  const item = formatCell('item', useCell(COUNTER, rowId, 'item'));
  const remove = useDelRowCallback(COUNTER, rowId, undefined, onRemove);
  return (
    <tr>
      <td>
        <CellInput
          rowId={rowId}
          cellId="item"
          label={`Name of ${item}`}
          autoFocus={isNew}
        />
      </td>
      <td>
        <CellInput rowId={rowId} cellId="price" label={`Price of ${item}`} />
      </td>
      <td>
        <div className="stepper">
          <StepButton rowId={rowId} by={-1} label={`One ${item} fewer`} />
          <CellInput rowId={rowId} cellId="stock" label={`${item} in stock`} />
          <StepButton rowId={rowId} by={1} label={`One ${item} more`} />
        </div>
      </td>
      <td>
        <button
          type="button"
          className="icon"
          aria-label={`Remove ${item}`}
          onClick={remove}
        >
          ×
        </button>
      </td>
    </tr>
  );
};
