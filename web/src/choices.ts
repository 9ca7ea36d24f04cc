import { isDay } from './days';
import { type Filters, readWords, writeWords } from './filters';
import type { Lang } from './wire';

export const SHOWN = ['province', 'district', 'commune', 'names'] as const;
export type Shown = (typeof SHOWN)[number];

export interface View {
  lon: number;
  lat: number;
  zoom: number;
}

/** What the user chose: all of it is in the address, so that a map can be shared. Days are 2025-07-01, in the map's zone. */
export interface Choices {
  lang: Lang;
  view: View;
  /** Ids of the layers that are on, in the order they were switched on. */
  layers: readonly string[];
  /** The units' date; null is today. */
  date: string | null;
  /** First and last day of the time filter, both included; null is open. */
  from: string | null;
  to: string | null;
  /** What is asked of the fields of layers, of those that are off too. */
  filters: Filters;
  /** The layer whose counts colour the communes. */
  count: string | null;
  /** Which borders and names are drawn. */
  shown: readonly Shown[];
}

const LAYER = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

/** Reads the part of an address after `#`. What it does not say, or says wrongly, is left out. */
export function readHash(hash: string): Partial<Choices> {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const choices: Partial<Choices> = {};
  const view = readView(words.get('map'));
  if (view) choices.view = view;
  const lang = words.get('lang');
  if (lang === 'vi' || lang === 'en') choices.lang = lang;
  const layers = words.get('layers');
  if (layers !== null) choices.layers = [...new Set(layers.split(',').filter((id) => LAYER.test(id)))];
  const date = words.get('date');
  if (isDay(date)) choices.date = date;
  const time = words.get('time')?.split('/');
  if (time?.length === 2) {
    const [from, to] = time;
    if (isDay(from)) choices.from = from;
    if (isDay(to)) choices.to = to;
  }
  const filters = readWords(words);
  if (Object.keys(filters).length) choices.filters = filters;
  const count = words.get('count');
  if (count && LAYER.test(count)) choices.count = count;
  const shown = words.get('borders');
  if (shown !== null) choices.shown = SHOWN.filter((word) => shown.split(',').includes(word));
  return choices;
}

function readView(text: string | null): View | null {
  const numbers = text?.split('/').map(Number) ?? [];
  const [zoom, lat, lon] = numbers;
  if (numbers.length !== 3 || zoom === undefined || lat === undefined || lon === undefined) return null;
  const inside = zoom >= 0 && zoom <= 22 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
  return inside ? { zoom, lat, lon } : null;
}

/** The address of these choices, with `#`. Defaults are left out, but for the view, the layers and the language. */
export function writeHash(choices: Choices): string {
  const { view } = choices;
  // Five decimals are a metre; one more digit at street zooms would only make the address longer.
  const words = [`map=${round(view.zoom, 2)}/${round(view.lat, 5)}/${round(view.lon, 5)}`];
  words.push(`layers=${choices.layers.join(',')}`);
  if (choices.date) words.push(`date=${choices.date}`);
  if (choices.from || choices.to) words.push(`time=${choices.from ?? '..'}/${choices.to ?? '..'}`);
  words.push(...writeWords(choices.filters));
  if (choices.count) words.push(`count=${choices.count}`);
  if (choices.shown.length < SHOWN.length) words.push(`borders=${choices.shown.join(',')}`);
  words.push(`lang=${choices.lang}`);
  return `#${words.join('&')}`;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
