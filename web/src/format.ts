import type { Code, Field, Lang, LayerInfo, Title } from './wire';

const LOCALE: Record<Lang, string> = { vi: 'vi-VN', en: 'en-GB' };

export function number(value: number, lang: Lang, digits = 0): string {
  return new Intl.NumberFormat(LOCALE[lang], { maximumFractionDigits: digits }).format(value);
}

/** A share of all: 98,7 %. Only all is 100 %, and only nothing is 0 %. */
export function percent(share: number, lang: Lang): string {
  const format = new Intl.NumberFormat(LOCALE[lang], { style: 'percent', maximumFractionDigits: 1 });
  if (share > 0 && share < 0.001) return `< ${format.format(0.001)}`;
  // Down, so that what is nearly all does not look like all.
  return format.format(Math.floor(share * 1000 + 1e-9) / 1000);
}

/** A property's number: no separator in 1998, which is more often a year than a count. */
function measure(value: number, lang: Lang): string {
  return new Intl.NumberFormat(LOCALE[lang], { maximumFractionDigits: 6, useGrouping: 'min2' }).format(value);
}

/** A day for people: 01/07/2025. */
export function day(text: string, lang: Lang): string {
  const date = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return text;
  const parts = { day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(LOCALE[lang], parts).format(date);
}

/** An RFC 3339 instant for people, in the map's time zone: 08:05 01/07/2025. */
export function instant(text: string, lang: Lang, timeZone: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const time = new Intl.DateTimeFormat(LOCALE[lang], { hour: '2-digit', minute: '2-digit', hour12: false, timeZone });
  const parts = { day: '2-digit', month: '2-digit', year: 'numeric', timeZone } as const;
  return `${time.format(date)} ${new Intl.DateTimeFormat(LOCALE[lang], parts).format(date)}`;
}

/** Metres, or kilometres from one on. */
export function distance(metres: number, lang: Lang): string {
  if (metres < 1000) return `${number(metres, lang)} m`;
  return `${number(metres / 1000, lang, metres < 10_000 ? 2 : 1)} km`;
}

/** Degrees, latitude first as people write them: 15.12046, 108.80123 (five decimals, a metre). */
export function degrees(lon: number, lat: number): string {
  return `${lat.toFixed(5)}, ${wrap(lon).toFixed(5)}`;
}

/** Degrees, minutes and tenths of seconds: 15°07′13.7″N 108°48′04.4″E. */
export function dms(lon: number, lat: number): string {
  const east = wrap(lon);
  return `${sexagesimal(lat)}${lat < 0 ? 'S' : 'N'} ${sexagesimal(east)}${east < 0 ? 'W' : 'E'}`;
}

function sexagesimal(value: number): string {
  // Rounded once, as a whole number of tenths: rounding the seconds alone could print 60.0″.
  const tenths = Math.round(Math.abs(value) * 36_000);
  const pad = (part: number) => String(part).padStart(2, '0');
  const seconds = `${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  return `${Math.floor(tenths / 36_000)}°${pad(Math.floor(tenths / 600) % 60)}′${seconds}″`;
}

/** Longitude in −180 … 180: the map may have been turned round the world. */
export function wrap(lon: number): number {
  return lon >= -180 && lon <= 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180;
}

/**
 * Reads a place typed by a person: two numbers, latitude first; or longitude first where only that is possible.
 * Decimal commas are accepted when the two are parted by a space or a semicolon.
 */
export function readPlace(text: string): { lon: number; lat: number } | null {
  const parts = text.trim().split(/\s*;\s*|\s*,\s+|\s+/);
  const both = parts.length === 1 ? text.trim().split(',') : parts;
  const [first, second] = both.map((part) => (/^[+-]?\d+([.,]\d+)?°?$/.test(part) ? toNumber(part) : Number.NaN));
  if (both.length !== 2 || first === undefined || second === undefined) return null;
  if (Math.abs(first) <= 90 && Math.abs(second) <= 180) return { lat: first, lon: second };
  return Math.abs(second) <= 90 && Math.abs(first) <= 180 ? { lat: second, lon: first } : null;
}

function toNumber(text: string): number {
  return Number(text.replace('°', '').replace(',', '.'));
}

/** The title in the language, or in Vietnamese where it is missing. */
export function titleOf(title: Title, lang: Lang): string {
  return title[lang] || title.vi;
}

/** The code's name; the code itself where the list does not know it, so that nothing is hidden. */
export function codeName(codes: readonly Code[] | null | undefined, code: string, lang: Lang): string {
  const found = codes?.find((one) => one.code === code);
  return found ? titleOf(found, lang) : code;
}

/** The main code field of a layer. */
export function categoryField(layer: LayerInfo): Field | undefined {
  return layer.category ? layer.fields.find((field) => field.name === layer.category) : undefined;
}

/** Words of the language and the time zone that values are written in. */
export interface ValueFormat {
  lang: Lang;
  timeZone: string;
  yes: string;
  no: string;
}

/** A property's value for people; null where there is none. */
export function value(field: Field, raw: unknown, format: ValueFormat): string | null {
  if (raw === null || raw === undefined || raw === '') return null;
  const { lang } = format;
  const text = String(raw);
  const withUnit = (shown: string) => (field.unit ? `${shown} ${field.unit}` : shown);
  switch (field.type) {
    case 'code':
      return codeName(field.codes, text, lang);
    case 'boolean':
      return raw === true || text === 'true' ? format.yes : format.no;
    case 'date':
      return day(text.slice(0, 10), lang);
    case 'timestamp':
      return instant(text, lang, format.timeZone);
    case 'integer':
    case 'real':
      return withUnit(typeof raw === 'number' ? measure(raw, lang) : text);
    case 'text':
      return withUnit(text);
  }
}
