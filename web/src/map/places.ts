import type { ExpressionSpecification, GeoJSONSourceSpecification, LayerSpecification } from 'maplibre-gl';
import type { Lang, Place } from '../wire';
import { ITALIC, REGULAR } from './fonts';

/** A place with a last zoom below this one is the name of an area at small scales, such as a sea. */
const DEEP_ZOOM = 16;

const COLOURS = { 'text-color': '#1d5078', 'text-halo-color': 'rgba(255,255,255,0.85)', 'text-halo-width': 1.4 };

const IN_ZOOM: ExpressionSpecification = [
  'all',
  ['>=', ['zoom'], ['get', 'min_zoom']],
  ['<', ['zoom'], ['+', ['get', 'max_zoom'], 1]],
];

/**
 * Names that the map always shows. Those that are drawn at every zoom, the archipelagos', are never dropped for want of room:
 * the northernmost is set above its place and the others below, so that they do not cover each other when the whole world is
 * in view. Islands are dots from the first zoom on, and get their names as there is room.
 */
export function placeLayers(): LayerSpecification[] {
  return [
    {
      id: 'place-dot',
      type: 'circle',
      source: 'places',
      filter: ['==', ['get', 'rank'], 'island'],
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 0, 0.7, 4, 1.2, 8, 3],
        'circle-color': '#f7f3e6',
        'circle-stroke-color': '#5b5570',
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 0, 0.3, 8, 1],
      },
    },
    {
      id: 'place-name',
      type: 'symbol',
      source: 'places',
      filter: ['all', IN_ZOOM, ['==', ['get', 'rank'], 'island']],
      layout: {
        'text-field': ['get', 'label'],
        'text-font': REGULAR,
        'text-size': ['interpolate', ['linear'], ['zoom'], 5, 10.5, 10, 14],
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'],
        'text-radial-offset': 0.6,
        'text-max-width': 12,
      },
      paint: COLOURS,
    },
    {
      id: 'place-name-area',
      type: 'symbol',
      source: 'places',
      filter: ['all', IN_ZOOM, ['==', ['get', 'rank'], 'area']],
      layout: {
        'text-field': ['get', 'label'],
        'text-font': ITALIC,
        'text-size': ['interpolate', ['linear'], ['zoom'], 2, 10, 7, 20],
        'text-letter-spacing': 0.25,
        'text-padding': 6,
      },
      paint: { ...COLOURS, 'text-color': '#4f86ab' },
    },
    {
      id: 'place-name-always',
      type: 'symbol',
      source: 'places',
      filter: ['==', ['get', 'rank'], 'always'],
      layout: {
        'text-field': ['get', 'label'],
        'text-font': ITALIC,
        'text-size': ['interpolate', ['linear'], ['zoom'], 0, 10, 4, 13, 7, 18],
        'text-anchor': ['case', ['get', 'above'], 'bottom', 'top'],
        'text-max-width': 24,
        'text-allow-overlap': true,
        'text-padding': 0,
      },
      paint: COLOURS,
    },
  ];
}

/** Places as GeoJSON, with what each is for the map. */
export function placePoints(places: readonly Place[], lang: Lang): GeoJSONSourceSpecification['data'] {
  const always = places.filter((place) => rankOf(place) === 'always');
  const north = Math.max(...always.map((place) => place.lat));
  return {
    type: 'FeatureCollection',
    features: places.map((place) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [place.lon, place.lat] },
      properties: {
        label: placeLabel(place, lang),
        rank: rankOf(place),
        min_zoom: place.min_zoom,
        max_zoom: place.max_zoom,
        above: place.lat === north,
      },
    })),
  };
}

/** `always` has a name at every zoom, `area` up to a zoom, `island` from a zoom on. */
export function rankOf({ min_zoom, max_zoom }: Place): 'always' | 'area' | 'island' {
  if (max_zoom < DEEP_ZOOM) return 'area';
  return min_zoom === 0 ? 'always' : 'island';
}

/** The Vietnamese name always; in English with the English name in brackets. */
export function placeLabel(place: Place, lang: Lang): string {
  const { en } = place.title;
  // Broken before a bracket rather than within a name.
  const vi = place.title.vi.replace(' (', '\n(');
  return lang === 'vi' || !en || en === place.title.vi ? vi : `${vi}\n(${en})`;
}
