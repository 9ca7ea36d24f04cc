import { shapeOf } from '../map/symbols';

/** A layer's symbol in a colour, as it is drawn on the map. */
export function Swatch({ symbol, colour }: { symbol: string; colour: string }) {
  return (
    <svg class="swatch" viewBox="0 0 24 24" aria-hidden="true">
      <path d={shapeOf(symbol)} fill={colour} />
    </svg>
  );
}
