import { PNG } from 'pngjs';

export type Colour = [red: number, green: number, blue: number];

/** `#rrggbb` as numbers. */
export function colour(hex: string): Colour {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

/** A decoded screenshot. */
export class Picture {
  readonly #png: PNG;

  constructor(png: Buffer) {
    this.#png = PNG.sync.read(png);
  }

  get width(): number {
    return this.#png.width;
  }

  get height(): number {
    return this.#png.height;
  }

  at(x: number, y: number): Colour {
    const start = (Math.round(y) * this.#png.width + Math.round(x)) * 4;
    const [red = 0, green = 0, blue = 0] = this.#png.data.subarray(start, start + 3);
    return [red, green, blue];
  }

  /** How many pixels have this colour, give or take a few steps of each channel. */
  count(wanted: Colour, within = 4): number {
    const { data } = this.#png;
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
      const near = wanted.every((channel, at) => Math.abs((data[i + at] ?? 0) - channel) <= within);
      if (near) found += 1;
    }
    return found;
  }

  /** How many pixels differ clearly from those of a picture of the same size. */
  differs(other: Picture): number {
    let found = 0;
    const [a, b] = [this.#png.data, other.#png.data];
    for (let i = 0; i < a.length; i += 4) {
      if ([0, 1, 2].some((at) => Math.abs((a[i + at] ?? 0) - (b[i + at] ?? 0)) > 24)) found += 1;
    }
    return found;
  }
}
