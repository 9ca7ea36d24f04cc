import { render } from 'preact';
import * as api from './api';
import { type Choices, readHash, SHOWN } from './choices';
import { readable } from './filters';
import type { Live } from './live';
import { Session } from './session';
import { Store } from './store';
import './style/index.css';
import { keptLang, say } from './text';
import { App } from './ui/App';
import { SessionContext } from './ui/page';
import type { Catalogue } from './wire';

const WAIT_MS = 2000;

async function start(): Promise<void> {
  const root = document.getElementById('app');
  if (!root) return;
  const lang = readHash(location.hash).lang ?? keptLang() ?? 'vi';
  document.documentElement.lang = lang;
  const catalogue = await load((failure) =>
    render(
      <p class="starting" role="status">
        {say(lang, 'starting')}
        {failure && <b>{say(lang, 'failed', { names: say(lang, 'subject_layers') })}</b>}
      </p>,
      root,
    ),
  );
  const choices = new Store<Choices>(chosen(catalogue, { lang, view: catalogue.view, layers: firstLayers(catalogue) }));
  const live = new Store<Live>({
    catalogue,
    units: null,
    followed: true,
    busy: true,
    asking: 0,
    faults: new Map(),
    counts: null,
    matched: new Map(),
    place: null,
    picking: false,
    importing: null,
    quality: null,
    editable: new Set(),
    editing: null,
    done: null,
    popup: null,
    panel: false,
  });
  const session = new Session(choices, live);
  // An address that is pasted or typed over this one shows its map.
  addEventListener('hashchange', () => {
    const { lang, view, layers } = choices.value;
    choices.set(chosen(catalogue, { lang, view, layers }));
    live.set({ popup: null });
  });
  render(null, root);
  render(
    <SessionContext.Provider value={session}>
      <App />
    </SessionContext.Provider>,
    root,
  );
}

/** The list of layers, asked for until it comes: without it there is nothing to show. */
async function load(show: (failure: boolean) => void): Promise<Catalogue> {
  show(false);
  for (;;) {
    try {
      return await api.layers();
    } catch (error) {
      if (!(error instanceof api.Failure)) throw error;
      show(true);
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}

/** What the address says, and defaults for the rest. */
function chosen(catalogue: Catalogue, otherwise: Pick<Choices, 'lang' | 'view' | 'layers'>): Choices {
  return {
    ...otherwise,
    date: null,
    from: null,
    to: null,
    filters: {},
    count: null,
    shown: SHOWN,
    ...known(catalogue, readHash(location.hash)),
  };
}

/** Choices without layers that are not, or no longer, in the catalogue. */
function known(catalogue: Catalogue, from: Partial<Choices>): Partial<Choices> {
  const has = (id: string) => catalogue.layers.some((layer) => layer.id === id);
  const choices = { ...from };
  if (choices.layers) choices.layers = choices.layers.filter(has);
  if (choices.filters) choices.filters = readable(catalogue.layers, choices.filters);
  if (choices.count && !has(choices.count)) delete choices.count;
  if (choices.date === catalogue.today) choices.date = null;
  return choices;
}

/** On at the first visit: the first department's largest layer with a time, such as its incidents. */
function firstLayers(catalogue: Catalogue): string[] {
  const [department] = catalogue.departments;
  const own = catalogue.layers.filter((layer) => layer.department === department?.id && layer.time);
  const largest = own.sort((a, b) => (b.features ?? 0) - (a.features ?? 0))[0];
  return largest ? [largest.id] : [];
}

void start();
