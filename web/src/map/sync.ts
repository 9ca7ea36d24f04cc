import { type ExpressionSpecification, type GeoJSONSource, type Map as MapGL, Marker } from 'maplibre-gl';
import { classes, colourFor, ZERO_COLOUR } from '../breaks';
import { type Choices, SHOWN, writeHash } from '../choices';
import { isRead } from '../lagging';
import type { Counts, Live } from '../live';
import type { Session } from '../session';
import type { Lang } from '../wire';
import { DRAWN_BY, KIND_COLOUR, UNITS } from './base';
import { placePoints } from './places';
import { addPoints, cellNumber, drawnBy } from './points';
import { pointTiles, unitTiles } from './tiles';
import type { TileWatch } from './watch';

/** Keeps the map as the choices say, and the address as the map is. */
export class Sync {
  readonly #map: MapGL;
  readonly #session: Session;
  readonly #watch: TileWatch;
  /** Tiles' address of each source that is on the map. */
  readonly #tiles = new Map<string, string>();
  readonly #versions = new Map<string, number>();
  readonly #marker = new Marker({ color: '#1f5f8b' });

  constructor(map: MapGL, session: Session, watch: TileWatch) {
    this.#map = map;
    this.#session = session;
    this.#watch = watch;
    const { choices, live } = session;
    this.#tiles.set(UNITS, unitTiles(live.value.catalogue, choices.value));
    map.on('moveend', () => this.#readView());
    choices.watch((now, before) => this.#onChoices(now, before));
    live.watch((now, before) => this.#onLive(now, before));
    this.#apply(choices.value);
    history.replaceState(null, '', writeHash(choices.value));
    if (choices.value.count) void session.count();
  }

  #onChoices(now: Choices, before: Choices): void {
    if (now.view !== before.view) this.#showView(now);
    this.#apply(now);
    if (now.lang !== before.lang) this.#speak(now.lang);
    const counted = ({ count, date, from, to, filters }: Choices) =>
      [count, date, from, to, JSON.stringify(filters[count ?? ''])].join();
    if (counted(now) !== counted(before)) void this.#session.count();
    const { place } = this.#session.live.value;
    const narrow = ({ from, to, filters }: Choices) => [from, to, JSON.stringify(filters)].join();
    const asked = (choices: Choices) => [choices.date, narrow(choices), ...choices.layers].join();
    // What it tells may be on the map no more, and a cell may hold less.
    if (narrow(now) !== narrow(before)) this.#session.live.set({ popup: null });
    if (place && asked(now) !== asked(before)) void this.#session.locate(place.lon, place.lat);
    history.replaceState(null, '', writeHash(now));
  }

  #onLive(now: Live, before: Live): void {
    if (now.catalogue !== before.catalogue) this.#refresh(now, before);
    if (now.units !== before.units && before.units !== null) {
      this.#watch.reload(UNITS);
      void this.#session.count();
    }
    if (now.counts !== before.counts) this.#colour(now.counts);
    if (now.place !== before.place) {
      if (now.place) this.#marker.setLngLat([now.place.lon, now.place.lat]).addTo(this.#map);
      else this.#marker.remove();
    }
    if (now.picking !== before.picking) this.#map.getCanvas().classList.toggle('picking', now.picking);
  }

  /** Sources and visibility. */
  #apply(now: Choices): void {
    const { catalogue } = this.#session.live.value;
    this.#point(UNITS, unitTiles(catalogue, now));
    for (const word of SHOWN) for (const id of DRAWN_BY[word]) this.#show(id, now.shown.includes(word));
    for (const layer of catalogue.layers) {
      const on = isRead(layer) && now.layers.includes(layer.id);
      const tiles = pointTiles(catalogue, layer, now);
      if (on && !this.#map.getSource(layer.id)) {
        addPoints(this.#map, layer, tiles, now.lang);
        this.#tiles.set(layer.id, tiles);
        this.#versions.set(layer.id, layer.version);
      }
      if (!this.#map.getSource(layer.id)) continue;
      if (on) this.#point(layer.id, tiles);
      for (const id of Object.values(drawnBy(layer.id))) this.#show(id, on);
      if (!on) this.#session.health.mended(layer.id);
    }
  }

  #point(source: string, tiles: string): void {
    if (this.#tiles.get(source) === tiles) return;
    this.#tiles.set(source, tiles);
    this.#watch.reload(source, tiles);
  }

  #show(id: string, on: boolean): void {
    const visibility = on ? 'visible' : 'none';
    if (this.#map.getLayoutProperty(id, 'visibility') !== visibility) {
      this.#map.setLayoutProperty(id, 'visibility', visibility);
    }
  }

  /** Layers that changed since they were read are read again. */
  #refresh(now: Live, before: Live): void {
    this.#apply(this.#session.choices.value);
    for (const { id, version } of now.catalogue.layers) {
      const known = this.#versions.get(id);
      if (known !== undefined && version !== null && known !== version) {
        this.#versions.set(id, version);
        this.#watch.reload(id);
      }
    }
    const { count } = this.#session.choices.value;
    const counted = ({ catalogue }: Live) => catalogue.layers.find(({ id }) => id === count)?.version;
    if (counted(now) !== counted(before)) void this.#session.count();
  }

  /** Fills communes by their count; by their kind where nothing is counted. */
  #colour(counts: Counts | null): void {
    const map = this.#map;
    map.setPaintProperty('commune-fill', 'fill-color', counts && !counts.stale ? fillOf(counts) : KIND_COLOUR);
  }

  #speak(lang: Lang): void {
    const { catalogue } = this.#session.live.value;
    (this.#map.getSource('places') as GeoJSONSource | undefined)?.setData(placePoints(catalogue.places, lang));
    for (const { id } of catalogue.layers) {
      if (this.#map.getSource(id)) {
        this.#map.setLayoutProperty(drawnBy(id).numbers, 'text-field', cellNumber(lang));
      }
    }
  }

  #readView(): void {
    const { lng, lat } = this.#map.getCenter().wrap();
    this.#session.choices.set({ view: { lon: lng, lat, zoom: this.#map.getZoom() } });
  }

  #showView({ view }: Choices): void {
    const { lng, lat } = this.#map.getCenter().wrap();
    const same =
      Math.abs(lng - view.lon) < 1e-9 && Math.abs(lat - view.lat) < 1e-9 && this.#map.getZoom() === view.zoom;
    if (!same) this.#map.jumpTo({ center: [view.lon, view.lat], zoom: view.zoom });
  }
}

function fillOf({ answer }: Counts): ExpressionSpecification | string {
  const rows = answer.rows.filter(({ commune }) => commune && commune !== 'near' && commune !== 'outside');
  const among = classes(rows.map(({ count }) => count));
  const arms = rows.flatMap(({ commune, count }) => [commune, colourFor(count, among)]);
  if (arms.length === 0) return ZERO_COLOUR;
  return ['match', ['get', 'code'], ...arms, ZERO_COLOUR] as unknown as ExpressionSpecification;
}
