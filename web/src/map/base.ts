import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Key } from '../text';
import type { Lang, Place } from '../wire';
import { BOLD, REGULAR } from './fonts';
import { placeLayers, placePoints } from './places';

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
      ...placeLayers(),
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

/** Wards, towns and special zones stand out a little from rural communes: kind, colour, and the text that names it. */
export const KIND_TINTS: readonly (readonly [kind: string, colour: string, text: Key])[] = [
  ['phường', 'rgba(214,137,106,0.30)', 'kind_ward'],
  ['thị trấn', 'rgba(222,170,90,0.30)', 'kind_town'],
  ['đặc khu', 'rgba(96,150,120,0.30)', 'kind_zone'],
];
export const KIND_COLOUR = [
  'match',
  ['downcase', ['coalesce', ['get', 'kind'], '']],
  ...KIND_TINTS.flatMap((tint) => tint.slice(0, 2)),
  'rgba(255,255,255,0)',
] as unknown as ExpressionSpecification;

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
