/**
 * Lights up a Cell that changed: in the pane's colour, or in red where the room
 * took the change back.
 */
import {useEffect, useRef} from 'react';
import type {RefObject} from 'react';
import type {CellOrUndefined} from 'tinybase';

const FLASH_MS = 1400;

export const useFlash = (
  element: RefObject<HTMLElement | null>,
  cell: CellOrUndefined,
  refusalId: number | undefined,
): void => {
  const lastCell = useRef(cell);

  useEffect(() => {
    if (cell !== lastCell.current) {
      lastCell.current = cell;
      flash(element.current, 'var(--flash)');
    }
  }, [element, cell]);

  useEffect(() => {
    if (refusalId !== undefined) {
      flash(element.current, 'var(--bad-ground)');
    }
  }, [element, refusalId]);
};

const flash = (element: HTMLElement | null, color: string): void =>
  void element?.animate(
    {backgroundColor: [color, color, 'transparent']},
    {duration: FLASH_MS, easing: 'ease-out'},
  );
