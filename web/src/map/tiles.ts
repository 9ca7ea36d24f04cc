import { address } from '../api';
import type { Choices } from '../choices';
import { narrowed } from '../filters';
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

/** Address of a layer's tiles: narrowed as chosen, each point's unit as of the chosen date. */
export function pointTiles(catalogue: Catalogue, layer: LayerInfo, choices: Choices): string {
  return template(layer.id, { as_of: asOf(catalogue, choices), ...narrowed(layer, choices) });
}

function template(layers: string, words: Record<string, string | null>): string {
  // Tiles are asked for by a worker, which knows no page to be relative to.
  return location.origin + address(`/tiles/${layers}/{z}/{x}/{y}`, words);
}
