import type { ExpressionSpecification, LayerSpecification, Map as MapGL } from 'maplibre-gl';
import type { Lang, LayerInfo } from '../wire';
import { FIRST_NAME } from './base';
import { BOLD } from './fonts';
import { addImages, imageName } from './symbols';

/** The map layers that draw one layer: every point, counted cells of dense tiles, and their numbers. */
export function drawnBy(id: string): { points: string; cells: string; numbers: string } {
  return { points: `${id}/points`, cells: `${id}/cells`, numbers: `${id}/numbers` };
}

/** Adds a layer's source and drawing below the names of units. */
export function addPoints(map: MapGL, layer: LayerInfo, tiles: string, lang: Lang): void {
  addImages(map, layer);
  const { min, max } = layer.zoom;
  map.addSource(layer.id, { type: 'vector', tiles: [tiles], minzoom: min, maxzoom: max });
  for (const drawn of drawing(layer, lang)) map.addLayer(drawn, FIRST_NAME);
}

function drawing(layer: LayerInfo, lang: Lang): LayerSpecification[] {
  const { points, cells, numbers } = drawnBy(layer.id);
  const from = { source: layer.id, 'source-layer': layer.id };
  const radius = cellRadius();
  return [
    {
      id: cells,
      type: 'circle',
      ...from,
      filter: ['has', 'count'],
      layout: { 'circle-sort-key': ['get', 'count'] },
      paint: {
        'circle-color': layer.colour,
        'circle-opacity': 0.82,
        'circle-radius': radius,
        'circle-stroke-color': '#ffffff',
        'circle-stroke-width': 1,
      },
    },
    pointDrawing(layer, points),
    {
      id: numbers,
      type: 'symbol',
      ...from,
      filter: ['all', ['has', 'count'], ['>', ['get', 'count'], 1]],
      layout: {
        'text-field': cellNumber(lang),
        'text-font': BOLD,
        'text-size': ['interpolate', ['linear'], ['get', 'count'], 1, 10, 1000, 13],
        'text-padding': 1,
        // The larger count keeps its number where two would touch.
        'symbol-sort-key': ['-', 0, ['get', 'count']],
      },
      paint: { 'text-color': '#ffffff', 'text-halo-color': layer.colour, 'text-halo-width': 1.6 },
    },
  ];
}

function pointDrawing(layer: LayerInfo, id: string): LayerSpecification {
  const from = {
    source: layer.id,
    'source-layer': layer.id,
    filter: ['!', ['has', 'count']] as ExpressionSpecification,
  };
  if (layer.symbol === 'circle') {
    return {
      id,
      type: 'circle',
      ...from,
      paint: {
        'circle-color': byCategory(layer, (colour) => colour),
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 5, 1.6, 8, 2.4, 10, 4, 14, 7.5],
        'circle-stroke-color': '#ffffff',
        // Rims part neighbours when there are few; from afar they would only bleach the towns.
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 8, 0, 10, 0.5, 13, 1.2],
      },
    };
  }
  return {
    id,
    type: 'symbol',
    ...from,
    layout: {
      'icon-image': byCategory(layer, (colour) => imageName(layer.symbol, colour)),
      'icon-size': ['interpolate', ['linear'], ['zoom'], 6, 0.36, 10, 0.62, 14, 0.95],
      // Every point is drawn, however close: a hidden one would be a wrong map.
      'icon-allow-overlap': true,
      'icon-ignore-placement': true,
      'icon-padding': 0,
    },
  };
}

/** A value made of the colour of each point's category; of the layer's own where the code has none. */
function byCategory(layer: LayerInfo, make: (colour: string) => string): ExpressionSpecification | string {
  const codes = layer.fields.find((field) => field.name === layer.category)?.codes ?? [];
  const arms = codes.flatMap(({ code, colour }) => (colour ? [code, make(colour)] : []));
  if (!layer.category || arms.length === 0) return make(layer.colour);
  return ['match', ['get', layer.category], ...arms, make(layer.colour)] as unknown as ExpressionSpecification;
}

/** The circle's area grows with the count: pixels. */
function cellRadius(): ExpressionSpecification {
  return ['interpolate', ['linear'], ['sqrt', ['get', 'count']], 1, 2.4, 4, 6, 10, 9, 32, 14, 100, 24];
}

/** The count in the language's digits: 12.345 in Vietnamese, 12,345 in English. */
export function cellNumber(lang: Lang): ExpressionSpecification {
  return ['number-format', ['get', 'count'], { locale: lang === 'vi' ? 'vi-VN' : 'en-GB' }];
}
