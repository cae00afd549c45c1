/**
 * One client's part of the conversation with a room: which truth the Store
 * holds, which pushes are unanswered, and what to say next.
 */
import type {PartySocket} from 'partysocket';
import type {Content as StoreContent, Store} from 'tinybase';
import {type Changes, type Content, isDelta} from '../protocol/changes.js';
import type {DeltaList} from '../protocol/delta.js';
import {
  type Answer,
  COMMIT,
  type Commit,
  HELLO,
  LEGACY_CHANGES,
  PING,
  PONG,
  PROTOCOL_VERSION,
  splitFrame,
  WELCOME,
  type Welcome,
} from '../protocol/messages.js';
import {
  type ContentConfig,
  createContentClient,
  type Position,
} from './content-client.js';
import {type Environment, WORLD} from './environment.js';
import {
  createLostError,
  createRefusedError,
  createReplacedError,
} from './errors.js';
import {createLeaves} from './leaves.js';
import {createPending, type Push} from './pending.js';
import {getPushFrames} from './push-frames.js';
import {createReplica} from './replica.js';
import {getRoomUrl} from './store-url.js';

/** `offline` has no connection, `synced` has nothing to send or receive. */
export type SyncState = 'offline' | 'syncing' | 'synced';

export type InitialContent = StoreContent | (() => StoreContent);

export type SessionConfig = ContentConfig & {
  messagePrefix?: string;
  heartbeatMs?: number;
};

/** Which session speaks for a prefix on a PartySocket, by its `retire`. */
const speakers = new WeakMap<object, {[prefix: string]: () => void}>();

type Link = 'closed' | 'greeting' | 'live' | 'legacy';

/** How long the room may take to answer before the connection is renewed. */
const ANSWER_TIMEOUT_MS = 10_000;
/**
 * How long the room may be silent before it is asked for a sign of life: shorter
 * than the minute after which many a proxy drops a silent connection.
 */
const HEARTBEAT_MS = 45_000;
/** How long a room gets to say hello that nothing shows to speak our protocol. */
const LEGACY_TIMEOUT_MS = 1_000;
/** When a push to a legacy room, which never answers, counts as applied. */
const LEGACY_SETTLE_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** A legacy room knows no fragments; past 1 MiB it closes the socket. */
const MAX_LEGACY_LENGTH = 340_000;
/** How often to load where commits overtake the content. */
const MAX_LOADS = 3;

export type Session = ReturnType<typeof createSession>;

export const createSession = (
  store: Store,
  connection: PartySocket,
  config: SessionConfig,
  callbacks: {onError: (error: unknown) => void; onChange: () => void},
  environment: Environment = WORLD,
) => {
  const {onError, onChange} = callbacks;
  const {setTimeout, clearTimeout, now, createId} = environment;
  const {messagePrefix = '', heartbeatMs = HEARTBEAT_MS} = config;
  const contentClient = createContentClient(connection, config, environment);

  let room = getRoomUrl(connection);
  let clientId = createId();
  /** Which hello the welcome has to answer. */
  let nonce = '';
  /** By what the room marks answers to us; after a sleep by an earlier one. */
  const marks = new Set<string>();
  const pending = createPending();
  /** Which truth the Store holds; the epoch is '' where it holds none. */
  let epoch = '';
  let offset = 0;
  let link: Link = 'closed';
  let autoLoad = false;
  let autoSave = false;
  let initialContent: InitialContent | undefined;
  let hasStore = false;
  /** The room has shown that it speaks our protocol. */
  let speaks = false;
  /** The Store's content has been offered to this room, which has none. */
  let offered = false;
  /** The Store holds another room's content. */
  let moved = false;
  /** The socket is still in the room that the connection has left. */
  let strayed = false;
  let conflict = false;
  /** What a legacy room told while its content was under way. */
  const heldFrames: unknown[] = [];
  let loads = 0;
  let saving: Promise<void> | undefined;
  let isGreetingDue = false;
  let attempts = 0;
  let watchdog: unknown;
  let retrying: unknown;
  let heart: unknown;
  /** When the room was last heard, and since when a ping is unanswered. */
  let heardAt = 0;
  let pingedAt = 0;
  const onGreeted: (() => void)[] = [];
  let destroyed = false;
  let commits = 0;
  let pushes = 0;

  const replica = createReplica(
    store,
    (changes) => {
      pushes++;
      pending.add(changes);
      flush();
      onChange();
    },
    onError,
  );
  const {overlay} = replica;

  const speaker = speakers.get(connection) ?? {};
  speakers.set(connection, speaker);

  /** Falls silent: a connection says hello for one client alone. */
  const retire = (): void => {
    onError(createReplacedError([]));
    destroy();
  };

  /** Lets go on who waits for the welcome. */
  const stopWaiting = (): void =>
    onGreeted.splice(0).forEach((resolve) => resolve());

  const setLink = (next: Link): void => {
    link = next;
    pingedAt = 0;
    if (next != 'greeting') {
      stopWaiting();
    }
    if (next == 'closed') {
      heldFrames.length = 0;
    }
    watch();
    beat();
    onChange();
  };

  /** Longer with each attempt, and spread: what failed for all at once. */
  const backOff = (ms: number): number =>
    Math.min(ms * 2 ** attempts, MAX_RETRY_MS) * (0.5 + environment.random());

  const watch = (): void => {
    clearTimeout(watchdog);
    const isGreeting = link == 'greeting' && !loads && !saving && !retrying;
    const since = isGreeting
      ? now()
      : link == 'live' && (pending.getSentAt() || pingedAt);
    if (since) {
      const timeout = speaks ? backOff(ANSWER_TIMEOUT_MS) : LEGACY_TIMEOUT_MS;
      // What is written or told meanwhile does not put it off.
      watchdog = setTimeout(
        () => {
          if (link == 'greeting' && !speaks) {
            void checkLegacy();
          } else {
            attempts++;
            connection.reconnect();
          }
        },
        since + timeout - now(),
      );
    }
  };

  /** Asks a silent room for a sign of life, unless nobody would see it. */
  const beat = (isWaking?: unknown): void => {
    clearTimeout(heart);
    if (link == 'live' && heartbeatMs) {
      const dueMs = isWaking ? 0 : heardAt + heartbeatMs - now();
      if (dueMs <= 0 && !pingedAt && isOpen() && !environment.isHidden()) {
        pingedAt = now();
        say(PING + '[]');
        watch();
      }
      heart = setTimeout(beat, dueMs > 0 ? dueMs : heartbeatMs);
    }
  };

  /** Says hello again after a while; all that is missing follows from that. */
  const greetLater = (): void => {
    stopWaiting();
    clearTimeout(watchdog);
    clearTimeout(retrying);
    retrying = setTimeout(greet, backOff(1000));
    attempts++;
  };

  const isOpen = (): boolean => (connection.readyState ?? 1) == 1;

  const say = (frame: string): void => {
    connection.send(messagePrefix + frame);
  };

  const greet = (): void => {
    clearTimeout(retrying);
    retrying = undefined;
    // What is under way may change what there is to say.
    isGreetingDue = !!(loads || saving);
    if (
      !isGreetingDue &&
      !destroyed &&
      !strayed &&
      isOpen() &&
      (autoLoad || autoSave || pending.getCount())
    ) {
      if (speaker[messagePrefix] != retire) {
        speaker[messagePrefix]?.();
        speaker[messagePrefix] = retire;
      }
      nonce = createId();
      // Whatever has arrived before this hello, its welcome answers.
      pending.unsend();
      say(
        HELLO +
          JSON.stringify([PROTOCOL_VERSION, clientId, nonce, epoch, offset]),
      );
      // After it: who hears of this may close the connection.
      setLink('greeting');
    }
  };

  /** Sends what has not been sent on this connection, in order and bounds. */
  const flush = (): void => {
    // A legacy room takes changes only once it has a Store.
    if (link == 'live' || (link == 'legacy' && hasStore)) {
      let push;
      // Who hears of what is said may close the connection.
      while (isOpen() && (push = pending.send(now()))) {
        if (link == 'legacy') {
          push.isTooLong ||= push.text.length > MAX_LEGACY_LENGTH;
          push.isTooLong || say(LEGACY_CHANGES + push.text);
          settleLater(push);
        } else {
          getPushFrames(push.id, push.text).forEach(say);
        }
      }
      watch();
    }
  };

  /** What pushes have on top of the Store, for the last time. */
  const takeCovering = (pushes: Push[]): Changes[] =>
    pushes.flatMap(({covering}) => covering.splice(0));

  /** Takes what is answered off the Store's top, and tells what is refused. */
  const take = (
    [lastId, ...refusedIds]: Answer,
    asSent: boolean,
    delta?: DeltaList | 0 | null,
  ): void => {
    const ids = new Set(refusedIds);
    const refused: Push[] = [];
    const others: Push[] = [];
    for (const push of pending.take(lastId)) {
      (push.isTooLong || ids.has(push.id) ? refused : others).push(push);
    }
    const accepted = takeCovering(others);
    const target = createLeaves();
    const rolledBack = createLeaves();
    for (const changes of [...(delta || []), ...(asSent ? accepted : [])]) {
      overlay.advance(changes, autoLoad ? target : createLeaves());
    }
    overlay.uncover(accepted, target);
    overlay.uncover(takeCovering(refused), target, rolledBack);
    replica.write(target, rolledBack);
    if (refused.length) {
      onError(createRefusedError(refused));
    }
  };

  const onWelcome = (welcome: Welcome): void => {
    const [version, welcomed, roomEpoch, roomOffset, answered, delta, mark] =
      welcome;
    if (version != PROTOCOL_VERSION || (delta && !isDelta(delta))) {
      return;
    }
    if (!welcomed) {
      speaks = true;
      if (link != 'greeting') {
        greet();
        if (isGreetingDue) {
          // What is told before, its welcome answers, and more.
          link = 'greeting';
        }
      }
    } else if (welcomed == nonce && link == 'greeting') {
      speaks = true;
      marks.add(mark);
      hasStore = !!roomEpoch;
      if (!hasStore) {
        epoch = '';
        enterEmptyRoom();
        if (autoSave && !offered) {
          stopWaiting();
          // A load under way may bring what is to be offered.
          isGreetingDue = true;
          if (!loads) {
            void save();
          }
          return;
        }
      } else if (autoLoad && !delta) {
        epoch = '';
        reload([roomEpoch, roomOffset]);
        return;
      } else if (autoLoad) {
        epoch = roomEpoch;
        offset = roomOffset;
      }
      take(answered, !autoLoad, delta);
      attempts = 0;
      setLink('live');
      flush();
    }
  };

  const onCommit = ([commitOffset, delta, answers]: Commit): void => {
    const [, mine = [0]] =
      Object.entries(answers ?? {}).find(([mark]) => marks.has(mark)) ?? [];
    // Without a delta it concerns its author alone, or it is an app's own.
    if (link == 'live' && (delta ? isDelta(delta) : mine[0])) {
      // A load may have overtaken the commit, or is yet to come.
      const isNew = !autoLoad || (!!epoch && commitOffset > offset);
      if (isNew) {
        offset = commitOffset;
        commits++;
      }
      take(mine, isNew && !delta, isNew ? delta : 0);
      attempts = 0;
      flush();
      onChange();
    }
  };

  const onLegacyChanges = (changes: any): void => {
    if (loads && link == 'legacy') {
      // The content under way may be older, and would wipe it.
      heldFrames.push(changes);
      return;
    }
    if (
      autoLoad &&
      isDelta([changes]) &&
      (link == 'live' || link == 'legacy')
    ) {
      const target = createLeaves();
      if (overlay.advance(changes, target) && link == 'legacy') {
        // Which of the two came last only the room knows: show this one, as
        // TinyBase does, and ask.
        conflict = true;
        const covering = takeCovering(pending.getSent());
        covering.forEach((pushed) => overlay.advance(pushed, target));
        overlay.uncover(covering, target);
        overlay.advance(changes, target);
      }
      replica.write(target);
    }
  };

  /** Silence alone may be slowness; a response without our ETag is evidence. */
  const checkLegacy = async (): Promise<void> => {
    const asked = room;
    try {
      const [text, position] = await contentClient.get();
      note(position);
      // A page may be of a proxy before the room.
      if (!speaks && link == 'greeting' && room == asked && text[0] != '<') {
        hasStore = !!text;
        becomeLegacy();
      } else {
        watch();
      }
    } catch (error) {
      onError(error);
      greetLater();
    }
  };

  const becomeLegacy = (): void => {
    setLink('legacy');
    flush();
    if (!hasStore && autoSave) {
      void save().then(flush);
    } else if (autoLoad) {
      reload();
    }
  };

  const settleLater = (push: Push): void => {
    const {sentAt} = push;
    setTimeout(() => {
      if (loads) {
        // On top of the content under way, which may not have it.
        settleLater(push);
      } else if (link == 'legacy' && push.sentAt == sentAt) {
        // In order: those before it have waited no less.
        take([push.id], true);
        if (
          conflict &&
          autoLoad &&
          pending.getSent().every(({covering}) => covering.length)
        ) {
          conflict = false;
          reload();
        }
        flush();
        onChange();
      }
    }, LEGACY_SETTLE_MS);
  };

  const onMessage = ({data}: {data: unknown}): void => {
    const [letter, payload] = splitFrame(messagePrefix, data) ?? [];
    const onFrame: any = {
      [WELCOME]: onWelcome,
      [COMMIT]: onCommit,
      [LEGACY_CHANGES]: onLegacyChanges,
      [PING]: () => say(PONG + payload),
      [PONG]: () => {
        pingedAt = 0;
        watch();
      },
    }[letter!];
    heardAt = now();
    checkRoom();
    if (onFrame && !strayed) {
      let message;
      try {
        message = JSON.parse(payload!);
        if (Array.isArray(message)) {
          onFrame(message);
        }
      } catch (error) {
        // Else it is the app's own frame.
        if (message) {
          epoch = '';
          onError(error);
          greetLater();
        }
      }
    }
  };

  /** Gives up what is pending, and tells. */
  const dropPending = (): void => {
    const lost = pending.clear();
    overlay.uncover(takeCovering(lost));
    if (lost.length) {
      onError(createLostError(lost));
    }
  };

  /** Forgets what belongs to another room that the connection has left. */
  const checkRoom = (): void => {
    const url = getRoomUrl(connection);
    if (url != room) {
      room = url;
      strayed = true;
      clientId = createId();
      marks.clear();
      epoch = '';
      hasStore = speaks = offered = false;
      moved = true;
      // First: what the app writes when it is told is not for the old room.
      link = 'closed';
      dropPending();
      setLink('closed');
    }
  };

  const onOpen = (): void => {
    checkRoom();
    strayed = false;
    marks.clear();
    link = 'closed';
    offered = false;
    greet();
  };

  /** The position of an answer; one shows that the room is one of ours. */
  const note = (position: Position | undefined): Position | undefined => {
    speaks ||= !!position;
    return position;
  };

  const writeContent = (content: Content): void => {
    moved = false;
    replica.writeContent(content);
  };

  const writeInitialContent = (): void =>
    writeContent(
      ((typeof initialContent == 'function'
        ? initialContent()
        : initialContent) ?? [{}, {}]) as any,
    );

  const enterEmptyRoom = (): void => {
    if (moved) {
      writeInitialContent();
    }
  };

  /**
   * Loads the content, and says hello where that is due. It stands at least at
   * `known`, should the response not tell.
   */
  const fetchContent = async (
    initial?: InitialContent,
    known: Position = ['', 0],
  ): Promise<void> => {
    checkRoom();
    const asked = room;
    const wasFollowing = link == 'live' && !!epoch;
    loads++;
    initialContent = initial ?? initialContent;
    onChange();
    try {
      let text, position, atEpoch, atOffset;
      let tries = MAX_LOADS;
      do {
        [text, position] = await contentClient.get();
        [atEpoch, atOffset] = note(position) ?? known;
        // Commits may have overtaken it meanwhile.
      } while (atEpoch && atEpoch == epoch && atOffset < offset && --tries);
      checkRoom();
      if (!destroyed && room == asked) {
        hasStore = !!text;
        if (!text) {
          initial ? writeInitialContent() : enterEmptyRoom();
        } else if (!atEpoch || atEpoch != epoch || atOffset >= offset) {
          const content = JSON.parse(text);
          // What is older than the welcome is not the room's, but a cache's.
          const isStale = atEpoch == known[0] && atOffset < known[1];
          if (isStale || !content?.[0] || !content[1]) {
            throw new TypeError('No content');
          }
          writeContent(content);
          if (autoLoad) {
            epoch = atEpoch;
            offset = atOffset;
          }
        }
      }
    } catch (error) {
      if (initial && !epoch && !destroyed) {
        writeInitialContent();
      }
      greetLater();
      throw error;
    } finally {
      loads--;
      if (!loads) {
        heldFrames.splice(0).forEach(onLegacyChanges);
      }
      onChange();
    }
    if (
      isGreetingDue ||
      (link != 'legacy' && !(wasFollowing && link == 'live'))
    ) {
      greet();
    }
  };

  const reload = (known?: Position): void =>
    void fetchContent(undefined, known).catch(onError);

  const load = async (initial?: InitialContent): Promise<void> => {
    await saving;
    await fetchContent(initial);
    if (autoLoad && link == 'greeting' && speaks) {
      await new Promise<void>((resolve) => onGreeted.push(resolve));
    }
  };

  const offer = async (): Promise<void> => {
    checkRoom();
    if (!hasStore) {
      // Never one room's content to another.
      enterEmptyRoom();
      const base = replica.getBase();
      const asked = room;
      const [existed, position] = await contentClient.put(
        JSON.stringify(base.slice(0, 2)),
      );
      if (room != asked) {
        return;
      }
      offered = true;
      hasStore = existed || !!note(position) || link == 'legacy';
      if (position && autoLoad) {
        [epoch, offset] = position;
      } else if (autoLoad && !position) {
        await fetchContent();
        if (!existed && hasStore && speaks) {
          onError(createRefusedError([{changes: base}]));
        }
      }
    }
  };

  /** Offers the content once at a time; tells of errors itself. */
  const save = (): Promise<void> =>
    (saving ??= offer()
      .catch((error) => {
        // Only what the room will never take is not offered again.
        offered ||= error?.status == 400 || error?.status == 413;
        isGreetingDue = false;
        onError(error);
        greetLater();
      })
      .finally(() => {
        saving = undefined;
        onChange();
        if (isGreetingDue) {
          greet();
        }
      }));

  const listeners: [string, any][] = [
    ['open', onOpen],
    ['close', () => setLink('closed')],
    ['message', onMessage],
  ];
  listeners.forEach(([type, listener]) =>
    connection.addEventListener(type as any, listener),
  );
  const stopWaking = environment.onWake(beat);

  const destroy = (): void => {
    if (speaker[messagePrefix] == retire) {
      delete speaker[messagePrefix];
    }
    dropPending();
    destroyed = true;
    replica.destroy();
    clearTimeout(retrying);
    stopWaking();
    listeners.forEach(([type, listener]) =>
      connection.removeEventListener(type as any, listener),
    );
    setLink('closed');
  };

  return {
    load,

    /** Offers the Store's content to a room that has none. */
    save,

    setAutoLoad: (on: boolean): void => {
      autoLoad = on;
      epoch = '';
    },

    setAutoSave: (on: boolean): void => {
      autoSave = on;
      replica.capture(on);
    },

    /** Says hello where it has not been said. */
    join: (): void => {
      if (link == 'closed') {
        greet();
      }
    },

    getState: (): SyncState =>
      link == 'closed'
        ? 'offline'
        : link == 'greeting' || loads || saving || pending.getCount()
          ? 'syncing'
          : 'synced',

    getPendingCount: pending.getCount,

    /** How many commits were applied, and how many changes pushed. */
    getCounts: (): [commits: number, pushes: number] => [commits, pushes],

    destroy,
  };
};
