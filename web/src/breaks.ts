/** One class of a map of counts, both ends included. */
export interface CountClass {
  from: number;
  to: number;
  colour: string;
}

/** ColorBrewer Purples, five classes: unlike the sea, and points of most colours stand out on it. */
export const RAMP = ['#f2f0f7', '#cbc9e2', '#9e9ac8', '#756bb1', '#54278f'] as const;
/** Communes without any. */
export const ZERO_COLOUR = '#fffdf2';

/**
 * At most five classes that together hold each of the counts (whole, above 0) once, about as many communes in each class.
 * Equal counts are never parted, so there are fewer classes where many communes share a count.
 */
export function classes(counts: readonly number[]): CountClass[] {
  const sorted = counts.filter((count) => count > 0).sort((a, b) => a - b);
  const ends: number[] = [];
  for (let k = 1; k <= RAMP.length; k++) {
    const end = sorted[Math.ceil((k * sorted.length) / RAMP.length) - 1];
    if (end !== undefined && end !== ends.at(-1)) ends.push(end);
  }
  let from = sorted[0] ?? 1;
  return ends.map((to, index) => {
    const made = { from, to, colour: colourOf(index, ends.length) };
    from = to + 1;
    return made;
  });
}

/** Few classes are spread over the whole ramp, so that they stay easy to tell apart. */
function colourOf(index: number, of: number): string {
  const at = of === 1 ? 2 : Math.round((index * (RAMP.length - 1)) / (of - 1));
  return RAMP[at] ?? RAMP[0];
}

/** The colour of a count. */
export function colourFor(count: number, among: readonly CountClass[]): string {
  return among.find(({ from, to }) => count >= from && count <= to)?.colour ?? ZERO_COLOUR;
}
