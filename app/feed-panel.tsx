/**
 * The room's feed as it comes in, and how to read it elsewhere.
 */
import {useFeed} from './use-feed.js';

export const FeedPanel = ({room}: {room: string}) => {
  const {url, isOpen, lines} = useFeed(room);
  return (
    <section className="feed" aria-labelledby="feed-title" data-open={isOpen}>
      <header>
        <h2 id="feed-title">The room’s feed</h2>
        <p>
          Server-sent events, for whoever has no TinyBase. In a shell:
          <code>{`curl -N -H 'Accept: text/event-stream' ${url}`}</code>
        </p>
      </header>
      <ol aria-live="polite" aria-label="Latest events">
        {lines.map(({id, offset, text}) => (
          <li key={id}>
            <span>{offset}</span>
            <code>{text}</code>
          </li>
        ))}
      </ol>
    </section>
  );
};
