/**
 * Has both people write one Cell in the same moment, and shows what each of
 * them is left with.
 */
import {useState} from 'react';
import type {CellOrUndefined} from 'tinybase';
import {useCell} from 'tinybase/ui-react';
import {COUNTER, formatPrice, getFirstRowId, getItemName} from './counter.js';
import type {Pane} from './use-pane.js';

type Race = {
  rowId: string;
  item: string;
  wrote: [number, number];
  /** What both are left with, once they are. */
  outcome?: {price: CellOrUndefined};
};

export const RaceBar = ({panes}: {panes: [Pane, Pane]}) => {
  const [race, setRace] = useState<Race>();
  const [first, second] = panes;

  const run = () => {
    const rowId = getFirstRowId(first.store);
    if (rowId !== undefined && second.store.hasRow(COUNTER, rowId)) {
      const item = getItemName(first.store, rowId);
      const wrote: Race['wrote'] = [pickPrice(1), pickPrice(5)];
      const writes = [
        () => first.store.setCell(COUNTER, rowId, 'price', wrote[0]),
        () => second.store.setCell(COUNTER, rowId, 'price', wrote[1]),
      ];
      if (Math.random() < 0.5) {
        writes.reverse();
      }
      writes.forEach((write) => write());
      setRace({rowId, item, wrote});
    }
  };

  const prices = [
    useCell(COUNTER, race?.rowId ?? '', 'price', first.store),
    useCell(COUNTER, race?.rowId ?? '', 'price', second.store),
  ];
  const isOver = panes.every(isSynced) && prices[0] === prices[1];
  if (race && !race.outcome && isOver) {
    // Kept, since the price may well be changed after the race.
    setRace({...race, outcome: {price: prices[0]}});
  }

  return (
    <section className="race" aria-label="Race">
      <button type="button" onClick={run}>
        Race
      </button>
      <p aria-live="polite">
        {race ? (
          <RaceReport race={race} panes={panes} prices={prices} />
        ) : (
          `${first.name} and ${second.name} write the first price at the same moment.`
        )}
      </p>
    </section>
  );
};

type ReportProps = {
  race: Race;
  panes: [Pane, Pane];
  prices: CellOrUndefined[];
};

const RaceReport = ({race, panes, prices}: ReportProps) => (
  <>
    {race.item}: {panes[0].name} wrote {formatPrice(race.wrote[0])},{' '}
    {panes[1].name} wrote {formatPrice(race.wrote[1])}.{' '}
    {race.outcome ? (
      <strong>Both now have {formatPrice(race.outcome.price)}.</strong>
    ) : panes.every(isSynced) ? (
      <strong className="bad">
        They differ: {prices.map(formatPrice).join(' and ')}.
      </strong>
    ) : (
      `Waiting for ${describeWaiting(panes)}.`
    )}
  </>
);

const isSynced = ({sync}: Pane): boolean => sync.state === 'synced';

const describeWaiting = (panes: Pane[]): string =>
  panes
    .filter((pane) => !isSynced(pane))
    .map(({name}) => name)
    .join(' and ');

const pickPrice = (from: number): number =>
  (from * 100 + Math.floor(Math.random() * 400)) / 100;
