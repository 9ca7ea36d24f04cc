import { isDay } from './days';
import type { Key } from './text';
import type { Field, Lang } from './wire';
import { instantOf, wallTime } from './zone';

/** How values are written for people who correct them. */
export interface Writing {
  lang: Lang;
  timeZone: string;
}

/** What a typed text means, or what is wrong with it. */
export type Read<T = unknown> = { value: T } | { fault: Key };

/** A value as it stands in a form; an empty text is no value. */
export function typed({ type }: Field, raw: unknown, { lang, timeZone }: Writing): string {
  if (raw === null || raw === undefined) return '';
  switch (type) {
    case 'timestamp':
      return wallTime(String(raw), timeZone);
    case 'date':
      return String(raw).slice(0, 10);
    case 'real':
      return lang === 'vi' ? String(raw).replace('.', ',') : String(raw);
    default:
      return String(raw);
  }
}

/** Reads what stands in a form as the server wants it: of the JSON type of the field, null for no value. */
export function read({ type }: Field, text: string, timeZone: string): Read {
  const bare = text.trim();
  if (bare === '') return { value: null };
  switch (type) {
    case 'integer':
      return readInteger(bare);
    case 'real':
      return readReal(bare);
    case 'boolean':
      return { value: bare === 'true' };
    case 'date':
      return isDay(bare) ? { value: bare } : { fault: 'edit_bad_day' };
    case 'timestamp': {
      const instant = instantOf(bare, timeZone);
      return instant ? { value: instant } : { fault: 'edit_bad_instant' };
    }
    case 'text':
    case 'code':
      return { value: text };
  }
}

/** Thousands may be parted, as sums of money are: a whole number has no decimal sign that they could be taken for. */
function readInteger(text: string): Read<number> {
  const grouped = /^[+-]?\d{1,3}(([.,\s])\d{3})(\2\d{3})*$/.test(text);
  const plain = grouped ? text.replace(/[.,\s]/g, '') : text;
  const number = /^[+-]?\d+$/.test(plain) ? Number(plain) : Number.NaN;
  // Beyond 2^53 another number would be sent than the one that was typed.
  return Number.isSafeInteger(number) ? { value: number } : { fault: 'edit_bad_integer' };
}

function readReal(text: string): Read<number> {
  const plain = text.replace(',', '.');
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(number) ? { value: number } : { fault: 'edit_bad_number' };
}

/** Whether two texts of a field mean the same: 12,5 is 12.50, and white space around is none. */
export function same(field: Field, one: string, other: string, timeZone: string): boolean {
  if (one.trim().normalize() === other.trim().normalize()) return true;
  const [a, b] = [read(field, one, timeZone), read(field, other, timeZone)];
  return field.type !== 'text' && 'value' in a && 'value' in b && a.value === b.value;
}
