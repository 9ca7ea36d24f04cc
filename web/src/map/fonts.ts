/**
 * Without `glyphs` MapLibre draws text with the fonts of the reader's own machine, so nothing is fetched. The first name is
 * no font: MapLibre reads the weight and slant from it, and the browser goes on to the next.
 */
const FAMILIES = ['system-ui', 'Segoe UI', 'Roboto', 'Noto Sans', 'DejaVu Sans'];

export const REGULAR = ['Bandoso Regular', ...FAMILIES];
export const BOLD = ['Bandoso Bold', ...FAMILIES];
export const ITALIC = ['Bandoso Semibold Italic', ...FAMILIES];
