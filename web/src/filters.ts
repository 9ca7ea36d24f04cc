import type { Choices } from './choices';
import { addDays, interval, isDay } from './days';
import { type Read, read as readValue } from './values';
import type { Field, LayerInfo } from './wire';

/** What is asked of a layer's fields, as the address has it: `{ category: 'fire,theft', damage_vnd: '1000000..' }`. */
export type Filter = Readonly<Record<string, string>>;
/** By the ids of layers. What cannot be read asks nothing. */
export type Filters = Readonly<Record<string, Filter>>;

/** What a field's values must be. Of a range both ends are in it, days or numbers; null is open. */
export type Condition =
  | { kind: 'codes'; codes: readonly string[] }
  | { kind: 'range'; from: string | null; to: string | null }
  | { kind: 'truth'; is: boolean }
  | { kind: 'piece'; piece: string };

/** Longest piece of a text that is looked for, in letters. */
export const MOST_LETTERS = 100;
/** Longest filter in the address of a request, in bytes: the server takes addresses of 8192. */
const MOST_BYTES = 7000;

const WORD = /^([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$/;
const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;

/** The fields that can be filtered by: all that the server tells, but for the time, which all layers are filtered by together. */
export function filterable({ fields, time }: LayerInfo): Field[] {
  return fields.filter(({ name }) => name !== time);
}

/** How a field is asked for. */
export function kindOf({ type, codes }: Field): Condition['kind'] {
  if (codes?.length) return 'codes';
  if (type === 'boolean') return 'truth';
  return type === 'text' || type === 'code' ? 'piece' : 'range';
}

export function isNumber({ type }: Field): boolean {
  return type === 'integer' || type === 'real';
}

/** A field as its ends of ranges are: an instant is filtered by its day. */
export function asDay(field: Field): Field {
  return field.type === 'timestamp' ? { ...field, type: 'date' } : field;
}

/** Reads what is asked of a field; null where that is nothing, or no sense. */
export function read(field: Field, text: string | undefined): Condition | null {
  if (!text) return null;
  switch (kindOf(field)) {
    case 'codes': {
      const named = text.split(',');
      const codes = (field.codes ?? []).map(({ code }) => code).filter((code) => named.includes(code));
      return codes.length ? { kind: 'codes', codes } : null;
    }
    case 'truth':
      return text === 'yes' || text === 'no' ? { kind: 'truth', is: text === 'yes' } : null;
    case 'piece': {
      const piece = text.trim();
      return piece && piece.length <= MOST_LETTERS ? { kind: 'piece', piece } : null;
    }
    case 'range':
      return readRange(field, text.split('..'));
  }
}

function readRange(field: Field, ends: string[]): Condition | null {
  const [from, to] = ends.map((end) => (end === '' ? null : readEnd(field, end)));
  if (ends.length !== 2 || from === undefined || to === undefined || (from === null && to === null)) return null;
  const reversed = from !== null && to !== null && (isNumber(field) ? Number(from) > Number(to) : from > to);
  return reversed ? null : { kind: 'range', from, to };
}

/** An end of a range, written in the one way that it has; undefined where it is none. */
function readEnd(field: Field, text: string): string | undefined {
  // The day after the last one of all is none.
  if (!isNumber(field)) return isDay(text) && text < '9999-12-31' ? text : undefined;
  const number = NUMBER.test(text) ? Number(text) : Number.NaN;
  const fits = field.type === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number);
  return fits ? String(number) : undefined;
}

/** The ends of a range as they are typed, read as the address has them. */
export function readTyped(field: Field, typed: readonly [string, string], timeZone: string): Read<string> {
  const ends: (string | null)[] = [];
  for (const text of typed) {
    const end = readValue(asDay(field), text, timeZone);
    if ('fault' in end) return end;
    ends.push(end.value === null ? null : String(end.value));
  }
  const [from = null, to = null] = ends;
  const text = write({ kind: 'range', from, to });
  return text && !read(field, text) ? { fault: 'filter_reversed' } : { value: text };
}

/** A condition as the address has it. */
export function write(condition: Condition): string {
  switch (condition.kind) {
    case 'codes':
      return condition.codes.join(',');
    case 'truth':
      return condition.is ? 'yes' : 'no';
    case 'piece':
      return condition.piece;
    case 'range': {
      const { from, to } = condition;
      return from === null && to === null ? '' : `${from ?? ''}..${to ?? ''}`;
    }
  }
}

/** What a filter asks, field by field. */
export function conditions(layer: LayerInfo, filter: Filter = {}): [Field, Condition][] {
  return filterable(layer).flatMap((field): [Field, Condition][] => {
    const condition = read(field, filter[field.name]);
    return condition ? [[field, condition]] : [];
  });
}

/** The filter in CQL2; null where it asks nothing. */
export function cql(layer: LayerInfo, filter: Filter | undefined): string | null {
  return conditions(layer, filter).map(term).join(' AND ') || null;
}

function term([asked, condition]: [Field, Condition]): string {
  const { name, type } = asked;
  // A field may be called like a word of the language.
  const field = `"${name}"`;
  switch (condition.kind) {
    case 'codes':
      return `${field} IN (${condition.codes.map(quoted).join(',')})`;
    case 'truth':
      return `${field} = ${condition.is ? 'TRUE' : 'FALSE'}`;
    case 'piece': {
      const pattern = quoted(`%${condition.piece.replace(/[\\%_]/g, '\\$&')}%`);
      return `ACCENTI(CASEI(${field})) LIKE ACCENTI(CASEI(${pattern}))`;
    }
    case 'range': {
      const { from, to } = condition;
      const value = (end: string) => (isNumber(asked) ? end : `DATE('${end}')`);
      // A day that an instant is compared with is its first moment.
      const last = (end: string) => (type === 'timestamp' ? `< ${value(addDays(end, 1))}` : `<= ${value(end)}`);
      const least = from === null ? [] : [`${field} >= ${value(from)}`];
      return [...least, ...(to === null ? [] : [`${field} ${last(to)}`])].join(' AND ');
    }
  }
}

/** A text between quotes, in which a backslash would take what comes after it for something else. */
function quoted(text: string): string {
  return `'${text.replace(/\\/g, '\\\\').replace(/'/g, "''")}'`;
}

/** What narrows a layer: the time where it has one, and its own filter. As requests have it. */
export function narrowed(
  layer: LayerInfo,
  choices: Pick<Choices, 'from' | 'to' | 'filters'>,
): { datetime: string | null; filter: string | null } {
  return { datetime: layer.time ? interval(choices) : null, filter: cql(layer, choices.filters[layer.id]) };
}

/** Whether requests have room for a layer's filter. */
export function fits(layer: LayerInfo, filter: Filter): boolean {
  // Quotes take three bytes there, unlike in what `encodeURIComponent` makes.
  return String(new URLSearchParams({ filter: cql(layer, filter) ?? '' })).length <= MOST_BYTES;
}

/** The filters with another text for one field of a layer; an empty text asks nothing. */
export function changed(filters: Filters, layer: string, name: string, text: string): Filters {
  const { [name]: _, ...others } = filters[layer] ?? {};
  const filter = text ? { ...others, [name]: text } : others;
  return Object.keys(filter).length ? { ...filters, [layer]: filter } : cleared(filters, layer);
}

/** The filters without that of a layer. */
export function cleared(filters: Filters, layer: string): Filters {
  const { [layer]: _, ...others } = filters;
  return others;
}

/** Of filters, what can be read of the layers that there are, written in the one way that it has. */
export function readable(layers: readonly LayerInfo[], filters: Filters): Filters {
  const known = layers.flatMap((layer): [string, Filter][] => {
    const asked = conditions(layer, filters[layer.id]);
    const filter = Object.fromEntries(asked.map(([{ name }, condition]) => [name, write(condition)]));
    return asked.length && fits(layer, filter) ? [[layer.id, filter]] : [];
  });
  return Object.fromEntries(known);
}

/** The filters among the words of an address: `police.incidents.category=fire,theft`. */
export function readWords(words: URLSearchParams): Filters {
  let filters: Filters = {};
  for (const [word, text] of words) {
    const [, layer, name] = WORD.exec(word) ?? [];
    if (layer && name) filters = changed(filters, layer, name, text);
  }
  return filters;
}

/** The filters as words of an address. */
export function writeWords(filters: Filters): string[] {
  return Object.entries(filters).flatMap(([layer, filter]) =>
    // Commas stay as they are, to be read by people.
    Object.entries(filter).map(([name, text]) => `${layer}.${name}=${encodeURIComponent(text).replaceAll('%2C', ',')}`),
  );
}
