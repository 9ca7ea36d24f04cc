import type {
  ExpressionSpecification,
  FilterSpecification,
  GeoJSONSourceSpecification,
  LayerSpecification,
  StyleSpecification,
} from 'maplibre-gl';
import type { Lang, Place } from '../wire';

/**
 * Without `glyphs` MapLibre draws text with the fonts of the reader's own machine, so nothing is fetched. The first name is
 * no font: MapLibre reads the weight and slant from it, and the browser goes on to the next.
 */
const FAMILIES = ['system-ui', 'Segoe UI', 'Roboto', 'Noto Sans', 'DejaVu Sans'];
export const REGULAR = ['Bandoso Regular', ...FAMILIES];
export const BOLD = ['Bandoso Bold', ...FAMILIES];
const ITALIC = ['Bandoso Semibold Italic', ...FAMILIES];

export const SEA = '#cfe1ec';
const INK = '#24323d';
const HALO = 'rgba(255,255,255,0.9)';

/** Source of all borders and names of units. */
export const UNITS = 'units';
/** Tile layers of that source, all asked for at once. */
export const UNIT_TILES = ['province', 'district', 'commune'].flatMap((level) => [`units.${level}`, `labels.${level}`]);

/** Point layers are put below this one, so that names stay readable. */
export const FIRST_NAME = 'commune-name';

/** Map layers of each choice of what is drawn. */
export const DRAWN_BY = {
  province: ['province-line'],
  district: ['district-line'],
  commune: ['commune-line'],
  names: ['commune-name', 'district-name', 'province-name'],
} as const;

/** Sea, land, borders and names. `unitTiles` is the address of the units' tiles. */
export function baseStyle(unitTiles: string, places: readonly Place[], lang: Lang): StyleSpecification {
  return {
    version: 8,
    sources: {
      [UNITS]: { type: 'vector', tiles: [unitTiles], minzoom: 0, maxzoom: 14 },
      places: { type: 'geojson', data: placePoints(places, lang) },
    },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': SEA } },
      ...land(),
      ...names(),
      ...placeNames(),
    ],
  };
}

function land(): LayerSpecification[] {
  const from = (level: string) => ({ source: UNITS, 'source-layer': `units.${level}` });
  return [
    {
      id: 'province-fill',
      type: 'fill',
      ...from('province'),
      paint: {
        // Neighbouring provinces should differ; codes are spread enough for that.
        'fill-color': [
          'match',
          ['%', ['to-number', ['get', 'code'], 0], 4],
          0,
          '#eef1e3',
          1,
          '#f5ecdf',
          2,
          '#e6efe4',
          '#f7f3e6',
        ],
      },
    },
    { id: 'commune-fill', type: 'fill', ...from('commune'), paint: { 'fill-color': KIND_COLOUR } },
    {
      id: 'commune-line',
      type: 'line',
      ...from('commune'),
      minzoom: 7,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': '#8d8b80',
        'line-width': ['interpolate', ['linear'], ['zoom'], 7, 0.3, 10, 0.8, 14, 1.6],
        'line-opacity': ['interpolate', ['linear'], ['zoom'], 7, 0.5, 9, 0.9],
      },
    },
    {
      id: 'district-line',
      type: 'line',
      ...from('district'),
      minzoom: 5,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': '#6f6a86',
        'line-width': ['interpolate', ['linear'], ['zoom'], 6, 0.6, 10, 1.6, 14, 2.4],
        'line-dasharray': [4, 2],
      },
    },
    {
      id: 'province-line',
      type: 'line',
      ...from('province'),
      layout: { 'line-join': 'round' },
      paint: { 'line-color': '#5b5570', 'line-width': ['interpolate', ['linear'], ['zoom'], 4, 0.8, 8, 2, 14, 3.2] },
    },
  ];
}

/** Wards, towns and special zones stand out a little from rural communes. */
export const KIND_COLOUR: ExpressionSpecification = [
  'match',
  ['downcase', ['coalesce', ['get', 'kind'], '']],
  'phường',
  'rgba(214,137,106,0.30)',
  'thị trấn',
  'rgba(222,170,90,0.30)',
  'đặc khu',
  'rgba(96,150,120,0.30)',
  'rgba(255,255,255,0)',
];

function names(): LayerSpecification[] {
  const from = (level: string) => ({ source: UNITS, 'source-layer': `labels.${level}` });
  const paint = { 'text-color': INK, 'text-halo-color': HALO, 'text-halo-width': 1.4 };
  return [
    {
      id: 'commune-name',
      type: 'symbol',
      ...from('commune'),
      minzoom: 8.5,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': REGULAR,
        'text-size': ['interpolate', ['linear'], ['zoom'], 8.5, 10.5, 12, 14],
        'text-max-width': 7,
      },
      paint,
    },
    {
      id: 'district-name',
      type: 'symbol',
      ...from('district'),
      minzoom: 7.5,
      maxzoom: 11.5,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': BOLD,
        'text-size': ['interpolate', ['linear'], ['zoom'], 7.5, 11.5, 11, 16],
        'text-max-width': 7,
      },
      paint: { ...paint, 'text-color': '#4b4668' },
    },
    {
      id: 'province-name',
      type: 'symbol',
      ...from('province'),
      minzoom: 4,
      maxzoom: 9,
      layout: {
        'text-field': ['get', 'name'],
        'text-font': BOLD,
        'text-transform': 'uppercase',
        'text-letter-spacing': 0.12,
        'text-size': ['interpolate', ['linear'], ['zoom'], 4, 11, 8, 17],
        'text-max-width': 8,
      },
      paint: { ...paint, 'text-color': '#3d3757', 'text-halo-width': 1.8 },
    },
  ];
}

/**
 * Names that the map always shows. Those drawn from the first zoom on are never dropped for want of room: the northernmost is
 * set above its place and the others below, so that they do not cover each other when the whole world is in view.
 */
function placeNames(): LayerSpecification[] {
  const inZoom: FilterSpecification = [
    'all',
    ['>=', ['zoom'], ['get', 'min_zoom']],
    ['<', ['zoom'], ['+', ['get', 'max_zoom'], 1]],
  ];
  const paint = { 'text-color': '#1d5078', 'text-halo-color': 'rgba(255,255,255,0.85)', 'text-halo-width': 1.4 };
  return [
    {
      id: 'place-dot',
      type: 'circle',
      source: 'places',
      filter: inZoom,
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 0, 1.2, 6, 3],
        'circle-color': '#f7f3e6',
        'circle-stroke-color': '#5b5570',
        'circle-stroke-width': 1,
      },
    },
    {
      id: 'place-name',
      type: 'symbol',
      source: 'places',
      filter: ['all', inZoom, ['!', ['get', 'always']]],
      layout: {
        'text-field': ['get', 'label'],
        'text-font': REGULAR,
        'text-size': ['interpolate', ['linear'], ['zoom'], 5, 10.5, 10, 14],
        'text-variable-anchor': ['top', 'bottom', 'left', 'right'],
        'text-radial-offset': 0.6,
        'text-max-width': 12,
      },
      paint,
    },
    {
      id: 'place-name-always',
      type: 'symbol',
      source: 'places',
      filter: ['all', inZoom, ['get', 'always']],
      layout: {
        'text-field': ['get', 'label'],
        'text-font': ITALIC,
        'text-size': ['interpolate', ['linear'], ['zoom'], 0, 10, 4, 13, 7, 18],
        'text-anchor': ['case', ['get', 'above'], 'bottom', 'top'],
        'text-offset': ['case', ['get', 'above'], ['literal', [0, -0.5]], ['literal', [0, 0.5]]],
        'text-max-width': 14,
        'text-allow-overlap': true,
        'text-ignore-placement': false,
        'text-padding': 0,
      },
      paint,
    },
  ];
}

/** Places as GeoJSON: the Vietnamese name, with the English one beneath in English. */
export function placePoints(places: readonly Place[], lang: Lang): GeoJSONSourceSpecification['data'] {
  const always = places.filter((place) => place.min_zoom === 0);
  const north = Math.max(...always.map((place) => place.lat));
  return {
    type: 'FeatureCollection',
    features: places.map((place) => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [place.lon, place.lat] },
      properties: {
        label: placeLabel(place, lang),
        min_zoom: place.min_zoom,
        max_zoom: place.max_zoom,
        always: place.min_zoom === 0,
        above: place.min_zoom === 0 && place.lat === north,
      },
    })),
  };
}

/** The Vietnamese name always; in English with the English name in brackets. */
export function placeLabel(place: Place, lang: Lang): string {
  const { vi, en } = place.title;
  return lang === 'vi' || !en || en === vi ? vi : `${vi}\n(${en})`;
}
