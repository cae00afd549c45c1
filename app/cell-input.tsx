/**
 * A Cell that can be typed over. Enter or leaving it writes, Escape does not.
 */
import {useRef, useState} from 'react';
import type {KeyboardEvent} from 'react';
import {flushSync} from 'react-dom';
import {useCellState} from 'tinybase/ui-react';
import {COUNTER, formatCell, parseCell} from './counter.js';
import type {CellId} from './counter.js';
import {useFlash} from './use-flash.js';
import {useRefusalId} from './use-refusal.js';

type Props = {
  rowId: string;
  cellId: CellId;
  label: string;
  autoFocus?: boolean;
};

export const CellInput = (props: Props) => {
  const {rowId, cellId, label, autoFocus} = props;
  const [cell, setCell] = useCellState(COUNTER, rowId, cellId);
  const [draft, setDraft] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  useFlash(input, cell, useRefusalId(rowId, cellId));

  const write = () => {
    const typed = draft === undefined ? undefined : parseCell(cellId, draft);
    if (typed !== undefined && typed !== cell) {
      setCell(typed);
    }
    setDraft(undefined);
  };
  const onKeyDown = ({key, nativeEvent}: KeyboardEvent) => {
    // While composing, these keys are for the input method.
    if (!nativeEvent.isComposing && (key === 'Enter' || key === 'Escape')) {
      flushSync(key === 'Enter' ? write : () => setDraft(undefined));
      // What is typed next replaces it again, as it did on arrival.
      input.current?.select();
    }
  };

  return (
    <input
      ref={input}
      className={cellId}
      aria-label={label}
      autoComplete="off"
      autoFocus={autoFocus}
      inputMode={cellId === 'item' ? 'text' : 'decimal'}
      value={draft ?? formatCell(cellId, cell)}
      onChange={(event) => setDraft(event.target.value)}
      onFocus={(event) => event.target.select()}
      onBlur={write}
      onKeyDown={onKeyDown}
    />
  );
};
