/**
 * One person's side of the page: who, whether online, the table, and what the
 * room last refused.
 */
import {Provider} from 'tinybase/ui-react';
import {CounterTable} from './counter-table.js';
import {OnlineSwitch} from './online-switch.js';
import {RefusalToast} from './refusal-toast.js';
import {SyncBadge} from './sync-badge.js';
import type {Pane} from './use-pane.js';
import {RefusalContext} from './use-refusal.js';

type Props = {pane: Pane; accent: 'first' | 'second'};

export const PaneCard = ({pane, accent}: Props) => (
  <section
    className="pane"
    aria-labelledby={`${accent}-name`}
    data-accent={accent}
    data-online={pane.online}
  >
    <header>
      <h2 id={`${accent}-name`}>{pane.name}</h2>
      <SyncBadge sync={pane.sync} online={pane.online} />
      <OnlineSwitch online={pane.online} setOnline={pane.setOnline} />
    </header>
    <Provider store={pane.store}>
      <RefusalContext value={pane.refusal}>
        <CounterTable />
      </RefusalContext>
    </Provider>
    <RefusalToast refusal={pane.refusal} dismiss={pane.dismissRefusal} />
  </section>
);
