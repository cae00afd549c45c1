/**
 * The shared table as one person sees it.
 */
import {useRef, useState} from 'react';
import {useSortedRowIds, useStore} from 'tinybase/ui-react';
import {addItem, COUNTER, getFirstRowId} from './counter.js';
import {CounterRow} from './counter-row.js';

export const CounterTable = () => {
  const store = useStore();
  const rowIds = useSortedRowIds(COUNTER, 'added');
  const [addedRowId, setAddedRowId] = useState<string>();
  const addButton = useRef<HTMLButtonElement>(null);

  const breakTheRule = () => {
    const rowId = store && getFirstRowId(store);
    if (rowId) {
      store.setCell(COUNTER, rowId, 'price', -1);
    }
  };

  return (
    <>
      <table>
        <thead>
          <tr>
            <th scope="col">Item</th>
            <th scope="col">Price</th>
            <th scope="col">In stock</th>
            <th scope="col">
              <span className="visually-hidden">Remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rowIds.map((rowId) => (
            <CounterRow
              key={rowId}
              rowId={rowId}
              isNew={rowId === addedRowId}
              // The button that had the focus is gone with its row.
              onRemove={() => addButton.current?.focus()}
            />
          ))}
        </tbody>
      </table>
      <div className="actions">
        <button
          type="button"
          ref={addButton}
          onClick={() => store && setAddedRowId(addItem(store))}
        >
          Add an item
        </button>
        <button
          type="button"
          className="quiet"
          disabled={rowIds.length === 0}
          onClick={breakTheRule}
        >
          Try a price of −1
        </button>
      </div>
    </>
  );
};
