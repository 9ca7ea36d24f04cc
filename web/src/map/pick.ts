import type { MapGeoJSONFeature, Map as MapGL, Point } from 'maplibre-gl';
import type { Catalogue, LayerInfo } from '../wire';
import { drawnBy } from './points';

/** What a click on the map found. */
export type Pick =
  | { kind: 'feature'; layer: LayerInfo; properties: Record<string, unknown>; lon: number; lat: number }
  | {
      kind: 'cells';
      layer: LayerInfo;
      count: number;
      byCode: [code: string, count: number][];
      lon: number;
      lat: number;
    }
  | { kind: 'unit'; properties: Record<string, unknown>; lon: number; lat: number };

/** How far from the click a feature may lie, in pixels: fingers are blunter than mice. */
const reachPx = () => (matchMedia('(pointer: coarse)').matches ? 14 : 7);
/** Most features in one popup. */
const MOST = 50;

/** What lies under the click: features nearest first, then counted cells; the commune where there are none. */
export function pickAt(map: MapGL, at: Point, catalogue: Catalogue, on: readonly string[]): Pick[] {
  const layers = catalogue.layers.filter((layer) => on.includes(layer.id) && map.getSource(layer.id));
  const reach = reachPx();
  const near: [[number, number], [number, number]] = [
    [at.x - reach, at.y - reach],
    [at.x + reach, at.y + reach],
  ];
  const found: { pick: Pick; distance: number }[] = [];
  for (const layer of layers) {
    const drawn = drawnBy(layer.id);
    const points = distinct(map.queryRenderedFeatures(near, { layers: [drawn.points] }));
    for (const { feature, lon, lat } of points.slice(0, MOST)) {
      const distance = map.project([lon, lat]).dist(at);
      found.push({ pick: { kind: 'feature', layer, properties: feature.properties, lon, lat }, distance });
    }
    const cells = distinct(map.queryRenderedFeatures([at.x, at.y], { layers: [drawn.cells] }));
    const summed = sumCells(layer, cells);
    if (summed) found.push({ pick: summed, distance: Number.POSITIVE_INFINITY });
  }
  found.sort((a, b) => a.distance - b.distance);
  if (found.length) return found.slice(0, MOST).map(({ pick }) => pick);

  const [unit] = map.queryRenderedFeatures([at.x, at.y], { layers: ['commune-fill'] });
  const { lng, lat } = map.unproject(at);
  return unit ? [{ kind: 'unit', properties: unit.properties, lon: lng, lat }] : [];
}

/** Whether a click here would find a feature or a cell. */
export function isOverData(map: MapGL, at: Point, on: readonly string[]): boolean {
  const layers = on.filter((id) => map.getSource(id)).flatMap((id) => [drawnBy(id).points, drawnBy(id).cells]);
  return layers.length > 0 && map.queryRenderedFeatures(at, { layers }).length > 0;
}

interface Placed {
  feature: MapGeoJSONFeature;
  lon: number;
  lat: number;
}

/** One of each: a feature in the margin of a tile is in its neighbour as well. Cells have no id, but only one a place. */
function distinct(features: MapGeoJSONFeature[]): Placed[] {
  const seen = new Map<string, Placed>();
  for (const feature of features) {
    if (feature.geometry.type !== 'Point') continue;
    const [lon = 0, lat = 0] = feature.geometry.coordinates;
    const id = feature.properties.id ?? feature.id;
    const key = feature.properties.count === undefined ? String(id) : `${lon.toFixed(5)}/${lat.toFixed(5)}`;
    if (!seen.has(key)) seen.set(key, { feature, lon, lat });
  }
  return [...seen.values()];
}

/** The cells under the click as one, with exact counts by code, largest first; codes beyond the tile's are left as a rest. */
export function sumCells(layer: LayerInfo, cells: readonly Cell[]): Extract<Pick, { kind: 'cells' }> | null {
  const [first] = cells;
  if (!first) return null;
  let count = 0;
  const codes = new Map<string, number>();
  for (const { feature } of cells) {
    for (const [name, value] of Object.entries(feature.properties)) {
      if (name === 'count') count += Number(value);
      else if (name.startsWith('count_')) {
        const code = name.slice('count_'.length);
        codes.set(code, (codes.get(code) ?? 0) + Number(value));
      }
    }
  }
  const byCode = [...codes].filter(([, some]) => some > 0).sort((a, b) => b[1] - a[1]);
  return { kind: 'cells', layer, count, byCode, lon: first.lon, lat: first.lat };
}

type Cell = { feature: { properties: Record<string, unknown> }; lon: number; lat: number };
