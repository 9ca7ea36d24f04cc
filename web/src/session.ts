import * as api from './api';
import { Changes, type Moved } from './changes';
import type { Choices, View } from './choices';
import { Edits } from './edits';
import { narrowed } from './filters';
import { Imports } from './imports';
import { isRead } from './lagging';
import type { Live } from './live';
import { Health } from './map/health';
import { asOf } from './map/tiles';
import { Matched } from './matched';
import { Quality } from './quality';
import type { Store } from './store';
import type { Catalogue, Hit, LayerInfo, SearchAnswer } from './wire';

/** How many of each layer's nearest features a look-up shows, and of how many layers at most. */
const NEAREST_COUNT = 2;
const NEAREST_LAYERS = 6;
/** Zoom at which one row is told from its neighbours. */
const SHOWN_ZOOM = 15;
/** How often the list of layers, with their versions, is read again while the page is in view. */
const REFRESH_MS = 15_000;
/** Changes that are told within this time are shown at once. */
const GATHER_MS = 200;
/** Numbers of features follow changes at most this often. */
const NUMBERS_MS = 2000;

/** What the page can do: everything that a part of it asks for goes through here. */
export class Session {
  readonly health: Health;
  readonly edits: Edits;
  readonly imports: Imports;
  readonly quality: Quality;
  #counting: AbortController | undefined;
  #locating: AbortController | undefined;
  #searching: AbortController | undefined;
  /** The versions that the server told last. */
  readonly #told = new Map<string, number>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #numbers: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly choices: Store<Choices>,
    readonly live: Store<Live>,
  ) {
    this.health = new Health(live, () => this.#probe());
    this.edits = new Edits(choices, live, (moved) => this.#wrote(moved));
    this.imports = new Imports(live);
    this.quality = new Quality(live);
    new Matched(choices, live, this.health);
    const look = () => {
      if (!document.hidden && live.value.faults.size === 0) void this.refresh();
    };
    setInterval(look, REFRESH_MS);
    document.addEventListener('visibilitychange', look);
    new Changes(
      (moved) => this.#gather(moved),
      (followed) => live.set({ followed }),
      () => this.#lagging(),
    );
  }

  /** Units' date of every request. */
  get asOf(): string {
    return asOf(this.live.value.catalogue, this.choices.value);
  }

  /** Reads the list of layers again: new features show as new versions. */
  async refresh(): Promise<void> {
    const catalogue = await this.health.ask(
      'subject_layers',
      () => api.layers(),
      () => this.refresh(),
    );
    if (catalogue) this.live.set({ catalogue: this.#withTold(catalogue) });
    void this.edits.look();
  }

  #gather({ layer, version }: Moved): void {
    this.#told.set(layer, version);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#show();
    }, GATHER_MS);
  }

  /** Other layers lag now, or may: the list of layers tells which, and what there is of one that is read at last. */
  #lagging(): void {
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      void this.refresh();
    }, GATHER_MS);
  }

  /** The answer to a write may come after word of a later version. */
  #wrote({ layer, version }: Moved): void {
    this.#gather({ layer, version: Math.max(version, this.#told.get(layer) ?? version) });
  }

  /** Shows what was told: the map reads again the layers that moved, and no others. */
  #show(): void {
    const { catalogue, units } = this.live.value;
    const told = this.#withTold(catalogue);
    const unitsNow = this.#told.get('units') ?? null;
    const moved = told !== catalogue || (units !== null && unitsNow !== units);
    this.live.set({ catalogue: told, units: unitsNow });
    if (!moved) return;
    this.#numbers ??= setTimeout(() => {
      this.#numbers = undefined;
      void this.refresh();
    }, NUMBERS_MS);
  }

  /** An answer may be older than what was told since it was asked for: a layer never goes back. */
  #withTold(catalogue: Catalogue): Catalogue {
    const older = ({ id, version }: LayerInfo) => version !== null && version < (this.#told.get(id) ?? version);
    if (!catalogue.layers.some(older)) return catalogue;
    const layers = catalogue.layers.map((layer) =>
      older(layer) ? { ...layer, version: this.#told.get(layer.id) ?? layer.version } : layer,
    );
    return { ...catalogue, layers };
  }

  async #probe(): Promise<boolean> {
    return api.layers().then(
      () => true,
      () => false,
    );
  }

  /** Counts the chosen layer by commune; a newer question makes an older one void. */
  async count(): Promise<void> {
    this.#counting?.abort();
    const { catalogue } = this.live.value;
    const layer = catalogue.layers.find(({ id }) => id === this.choices.value.count);
    if (!layer || !isRead(layer)) {
      this.health.mended('subject_count');
      this.live.set({ counts: null });
      return;
    }
    this.#counting = new AbortController();
    const { signal } = this.#counting;
    const question = { layer: layer.id, as_of: this.asOf, ...narrowed(layer, this.choices.value) };
    const { counts } = this.live.value;
    const stale = counts !== null && !isSame(counts, question);
    if (counts && counts.stale !== stale) this.live.set({ counts: { ...counts, stale } });
    const answer = await this.health.ask(
      'subject_count',
      () => api.countByCommune(question, signal),
      () => this.count(),
    );
    if (answer && !signal.aborted) this.live.set({ counts: { ...question, answer, stale: false } });
  }

  /** Looks for units and features by name, nearer ones first; a newer question makes an older one void. */
  async search(text: string): Promise<SearchAnswer | null> {
    this.#searching?.abort();
    this.#searching = new AbortController();
    const { signal } = this.#searching;
    const { lon, lat } = this.choices.value.view;
    const question = { q: text, at: `${lon},${lat}`, as_of: this.asOf };
    return this.health.ask(
      'subject_search',
      () => api.search(question, signal),
      () => this.health.mended('subject_search'),
    );
  }

  /** Shows what a search found: its place, and its layer. */
  goTo({ properties }: Hit, view: View | null): void {
    const { layers } = this.choices.value;
    if (properties.type === 'feature' && !layers.includes(properties.layer)) {
      this.choices.set({ layers: [...layers, properties.layer] });
    }
    if (view) this.choices.set({ view });
    this.live.set({ panel: false });
  }

  /** Shows a row of a layer on the map. */
  show(layer: string, [lon, lat]: readonly [number, number]): void {
    const { layers, view } = this.choices.value;
    this.quality.close();
    this.choices.set({
      layers: layers.includes(layer) ? layers : [...layers, layer],
      view: { lon, lat, zoom: Math.max(view.zoom, SHOWN_ZOOM) },
    });
    this.live.set({ panel: false });
  }

  /** Looks up a place: the units that hold it, and what is nearest in the layers that are on. */
  async locate(lon: number, lat: number): Promise<void> {
    this.#locating?.abort();
    this.#locating = new AbortController();
    const { signal } = this.#locating;
    const at = { lon, lat, as_of: this.asOf };
    this.live.set({ place: { ...at, units: null, nearest: null }, picking: false, panel: true });
    const again = () => this.locate(lon, lat);
    await Promise.all([
      this.health
        .ask('subject_locate', () => api.locate(at, signal), again)
        .then((located) => {
          if (located) this.#placed(signal, { units: located.units });
        }),
      this.health
        .ask('subject_nearest', () => this.#nearest(at, signal), again)
        .then((nearest) => {
          if (nearest) this.#placed(signal, { nearest });
        }),
    ]);
  }

  /** Ends the look-up. */
  forgetPlace(): void {
    this.#locating?.abort();
    this.health.mended('subject_locate');
    this.health.mended('subject_nearest');
    this.live.set({ place: null, picking: false });
  }

  #placed(signal: AbortSignal, found: Partial<NonNullable<Live['place']>>): void {
    const { place } = this.live.value;
    if (place && !signal.aborted) this.live.set({ place: { ...place, ...found } });
  }

  async #nearest(at: api.PlaceQuestion, signal: AbortSignal) {
    const { catalogue } = this.live.value;
    const { layers } = this.choices.value;
    const on = catalogue.layers.filter((layer) => layers.includes(layer.id) && isRead(layer)).slice(0, NEAREST_LAYERS);
    const pages = await Promise.all(
      on.map(async (layer) => {
        const asked = { ...at, layer: layer.id, ...narrowed(layer, this.choices.value), count: NEAREST_COUNT };
        const page = await api.nearest(asked, signal);
        return page.features.map((feature) => ({ layer: layer.id, feature }));
      }),
    );
    const distance = (found: { feature: { properties: { distance_m?: number } } }) =>
      found.feature.properties.distance_m ?? Number.POSITIVE_INFINITY;
    return pages.flat().sort((a, b) => distance(a) - distance(b));
  }
}

function isSame(one: api.CountQuestion, other: api.CountQuestion): boolean {
  const parts = ({ layer, as_of, datetime, filter }: api.CountQuestion) => [layer, as_of, datetime, filter].join('\n');
  return parts(one) === parts(other);
}
