import type { Live } from './live';
import type { LayerInfo } from './wire';

/** A layer that the server has read. */
export type ReadLayer = LayerInfo & { features: number; version: number };

/** Whether the server has read the layer. Of one that it could not read yet, it would refuse every question. */
export function isRead(layer: LayerInfo): layer is ReadLayer {
  return layer.version !== null;
}

/** Why less, or older, is shown of a layer than its source has; null where it can be read. */
export function lagOf(layer: LayerInfo): 'lagging' | 'unread' | null {
  if (!layer.lagging) return null;
  return isRead(layer) ? 'lagging' : 'unread';
}

/** Whether the layer takes edits now: those of one that lags would be refused. */
export function takesEdits({ catalogue, editable }: Pick<Live, 'catalogue' | 'editable'>, id: string): boolean {
  return editable.has(id) && catalogue.layers.some((layer) => layer.id === id && !layer.lagging);
}
