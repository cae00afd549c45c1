/**
 * What to try, in the order in which it makes the point.
 */
const STEPS = [
  ['Edit', 'Change a cell and press Enter. The other side has it already.'],
  [
    'Go offline',
    'Switch both sides off, edit each, switch them on. Both edits are kept.',
  ],
  [
    'Break the rule',
    'Set a price below zero. The room refuses, and the cell goes back.',
  ],
  [
    'Race',
    'Both write one price at the same moment. Both end up with the same.',
  ],
] as const;

export const Guide = () => (
  <ol className="guide" aria-label="What to try">
    {STEPS.map(([title, text]) => (
      <li key={title}>
        <strong>{title}</strong>
        <span>{text}</span>
      </li>
    ))}
  </ol>
);
