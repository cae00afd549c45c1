/**
 * Says what the room refused, at the foot of the pane that wrote it.
 */
import type {Refusal} from './use-refusal.js';

type Props = {refusal: Refusal | undefined; dismiss: () => void};

export const RefusalToast = ({refusal, dismiss}: Props) => (
  <div role="alert">
    {refusal && (
      <div className="toast" key={refusal.id}>
        <p>
          <strong>Refused: {refusal.cells}</strong>
          Nothing here may be below zero, so the cell is back to what the room
          has.
        </p>
        <button type="button" aria-label="Dismiss" onClick={dismiss}>
          ×
        </button>
      </div>
    )}
  </div>
);
