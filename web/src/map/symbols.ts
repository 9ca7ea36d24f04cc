import type { Map as MapGL } from 'maplibre-gl';
import type { LayerInfo } from '../wire';

/** Drawings of points as SVG paths in a box of 24 × 24, used on the map and in the legend alike. */
export const SHAPES: Readonly<Record<string, string>> = {
  circle: 'M12 4a8 8 0 1 0 0 16a8 8 0 1 0 0-16z',
  square: 'M5 5h14v14H5z',
  triangle: 'M12 3.5L21 19.5H3z',
  diamond: 'M12 2.5L21 12L12 21.5L3 12z',
  star: 'M12 2l2.9 6.6l7.1.7l-5.3 4.8l1.5 7L12 17.4l-6.2 3.7l1.5-7L2 9.3l7.1-.7z',
  drop: 'M12 2.5c3.8 5 6.5 8.200 6.500 12a6.500 6.500 0 0 1-13 0C5.500 10.700 8.200 7.500 12 2.500z',
};

/** The path of a symbol; an unknown one is drawn as a circle. */
export function shapeOf(symbol: string): string {
  return SHAPES[symbol] ?? SHAPES.circle ?? '';
}

/** Name of the map image of a symbol in a colour. */
export function imageName(symbol: string, colour: string): string {
  return `${symbol} ${colour}`;
}

/** All colours that a layer's points can have: its own first, then those of its codes. */
export function coloursOf(layer: LayerInfo): string[] {
  const codes = layer.fields.find((field) => field.name === layer.category)?.codes ?? [];
  return [...new Set([layer.colour, ...codes.flatMap((code) => code.colour ?? [])])];
}

/** Images are drawn at this many device pixels a pixel, enough for the sharpest common screens. */
const PIXEL_RATIO = 2;
const BOX = 24;

/** Puts the images that a layer's symbols need into the map. */
export function addImages(map: MapGL, layer: LayerInfo): void {
  for (const colour of coloursOf(layer)) {
    const name = imageName(layer.symbol, colour);
    if (map.hasImage(name)) continue;
    const image = draw(layer.symbol, colour);
    if (image) map.addImage(name, image, { pixelRatio: PIXEL_RATIO });
  }
}

function draw(symbol: string, colour: string): ImageData | null {
  const side = BOX * PIXEL_RATIO;
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  const path = new Path2D(shapeOf(symbol));
  context.lineJoin = 'round';
  context.lineWidth = 3;
  context.strokeStyle = '#ffffff';
  context.stroke(path);
  context.fillStyle = colour;
  context.fill(path);
  return context.getImageData(0, 0, side, side);
}
