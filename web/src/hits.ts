import type { View } from './choices';
import type { Hit, UnitHit } from './wire';

/** Zoom at which one feature is looked at, with what is around it. */
const FEATURE_ZOOM = 15;
/** No unit is looked at from nearer by. */
const LARGEST_ZOOM = 14;
/** Width that is left for the map on a narrow screen, in pixels; a tile has 512. */
const WIDTH_PX = 360;

/** The view that shows a hit; none where it has no place. */
export function hitView({ geometry, bbox }: Hit): View | null {
  if (!geometry) return null;
  const [lon, lat] = geometry.coordinates;
  if (!bbox) return { lon, lat, zoom: FEATURE_ZOOM };
  const [west, south, east, north] = bbox;
  // Degrees of latitude are longer on the map, the farther from the equator.
  const span = Math.max(east - west, (north - south) / Math.cos((((south + north) / 2) * Math.PI) / 180));
  const zoom = Math.log2((360 / Math.max(span, 1e-6)) * (WIDTH_PX / 512));
  return { lon: (west + east) / 2, lat: (south + north) / 2, zoom: Math.min(Math.max(zoom, 3), LARGEST_ZOOM) };
}

/** Of a unit that is no longer in force: names of what it became, maybe none; null of one that is. */
export function formerly(unit: UnitHit): string | null {
  if (unit.in_force) return null;
  return unit.became.map(({ full_name }) => full_name).join(', ');
}
