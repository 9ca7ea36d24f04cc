import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Choices } from '../choices';
import type { Live } from '../live';
import type { Session } from '../session';
import type { Store } from '../store';
import { type Key, say } from '../text';
import type { Lang } from '../wire';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('used outside the page');
  return session;
}

function useStore<T extends object>(store: Store<T>): T {
  const [value, change] = useState(store.value);
  useEffect(() => {
    change(store.value);
    return store.watch((now) => change(now));
  }, [store]);
  return value;
}

/** The user's choices; the component is drawn again when they change. */
export function useChoices(): Choices {
  return useStore(useSession().choices);
}

/** What the page knows; the component is drawn again when it changes. */
export function useLive(): Live {
  return useStore(useSession().live);
}

export interface Speech {
  lang: Lang;
  say: (key: Key, words?: Record<string, string>) => string;
}

/** The page's texts in the chosen language. */
export function useSpeech(): Speech {
  const { lang } = useChoices();
  return { lang, say: (key, words) => say(lang, key, words) };
}
