/**
 * The demo page: two people at one table, each with a Store of their own.
 */
import {StrictMode} from 'react';
import {createRoot} from 'react-dom/client';
import {FeedPanel} from './feed-panel.js';
import {Guide} from './guide.js';
import {PaneCard} from './pane-card.js';
import {RaceBar} from './race-bar.js';
import {getRoomFromUrl, getRoomUrl} from './room.js';
import {usePane} from './use-pane.js';

const Demo = ({room}: {room: string}) => {
  const ada = usePane('Ada', room);
  const grace = usePane('Grace', room);
  return (
    <>
      <header className="masthead">
        <p className="brand">tinybase-partykit</p>
        <h1>Two people, one table</h1>
        <p>
          Ada and Grace each have a TinyBase Store of their own, joined only by
          a PartyKit room.
        </p>
        <nav aria-label="Room">
          <span className="room">
            Room <code>{room}</code>
          </span>
          <a href={getRoomUrl(room)} target="_blank" rel="noopener">
            Open in another tab
          </a>
          <a href={location.pathname}>New room</a>
        </nav>
      </header>
      <Guide />
      <main>
        <div className="panes">
          <PaneCard pane={ada} accent="first" />
          <PaneCard pane={grace} accent="second" />
        </div>
        <RaceBar panes={[ada, grace]} />
        <FeedPanel room={room} />
      </main>
      <footer>
        The room is <code>party/server.ts</code>: a schema and one rule. Each
        side is <code>app/use-pane.ts</code>, the feed is{' '}
        <code>app/use-feed.ts</code>.
      </footer>
    </>
  );
};

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Demo room={getRoomFromUrl()} />
    </StrictMode>,
  );
}
