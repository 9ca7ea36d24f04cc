import type { Choices } from '../choices';
import { interval } from '../days';
import type { Catalogue, LayerInfo } from '../wire';
import { UNIT_TILES } from './base';

/** The units' date of every request. */
export function asOf(catalogue: Pick<Catalogue, 'today'>, choices: Pick<Choices, 'date'>): string {
  return choices.date ?? catalogue.today;
}

/** Address of the tiles of all borders and names on the chosen date. */
export function unitTiles(catalogue: Catalogue, choices: Choices): string {
  return template(UNIT_TILES.join(','), { as_of: asOf(catalogue, choices) });
}

/** Address of a layer's tiles: filtered by time where the layer has one, each point's unit as of the chosen date. */
export function pointTiles(catalogue: Catalogue, layer: LayerInfo, choices: Choices): string {
  const datetime = layer.time ? interval(choices) : null;
  return template(layer.id, { as_of: asOf(catalogue, choices), ...(datetime ? { datetime } : {}) });
}

function template(layers: string, words: Record<string, string>): string {
  // Tiles are asked for by a worker, which knows no page to be relative to.
  return `${location.origin}/tiles/${layers}/{z}/{x}/{y}?${new URLSearchParams(words)}`;
}
