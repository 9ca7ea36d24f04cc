import { type Read, read, same, typed, type Writing } from './values';
import type { Key } from './text';
import type { Field, StoredFeature } from './wire';

/** The name by which the server speaks of a feature's position. */
export const POSITION = 'geometry';

/** A feature as it stands in the form: texts, by the names of fields. */
export interface Draft {
  /** Degrees. */
  lon: string;
  lat: string;
  values: Readonly<Record<string, string>>;
}

/** What is to be sent: the place, and values by field. */
export interface Sent {
  geometry?: { type: 'Point'; coordinates: [number, number] };
  properties?: Record<string, unknown>;
}

/** Why a part of the form is not taken: in the page's words, or in the server's. */
export type Refusal = Key | { said: string };
export type Refusals = Readonly<Record<string, Refusal>>;

/** What somebody else made of a part meanwhile. */
export interface Theirs {
  was: string;
  now: string;
}

/** What the server says of a field beyond the catalogue. */
export interface Bound {
  required: boolean;
  min: number | null;
  max: number | null;
}

export const EMPTY: Draft = { lon: '', lat: '', values: {} };

export function draftOf(fields: readonly Field[], { geometry, properties }: StoredFeature, writing: Writing): Draft {
  const [lon = '', lat = ''] = geometry?.coordinates.map(degrees) ?? [];
  const values = fields.map((field) => [field.name, typed(field, properties[field.name], writing)] as const);
  return { lon, lat, values: Object.fromEntries(values) };
}

export function placed(draft: Draft, lon: number, lat: number): Draft {
  return { ...draft, lon: degrees(lon), lat: degrees(lat) };
}

/** Seven decimals are a centimetre; a place that is not touched stays as exactly as it is stored. */
function degrees(angle: number): string {
  return String(Number(angle.toFixed(7)));
}

/** Whether they are on earth, the server says. */
export function readPosition({ lon, lat }: Draft): Read<[number, number]> {
  const [x, y] = [lon, lat].map((text) => (/^[+-]?\d+([.,]\d*)?$/.test(text.trim()) ? text.trim() : null));
  if (!x || !y) return { fault: 'edit_bad_position' };
  return { value: [Number(x.replace(',', '.')), Number(y.replace(',', '.'))] };
}

/** A part's text; the position's is that of both its numbers. */
export function partOf(draft: Draft, name: string): string {
  if (name !== POSITION) return draft.values[name] ?? '';
  return draft.lon || draft.lat ? `${draft.lon.trim()}; ${draft.lat.trim()}` : '';
}

function withPart(draft: Draft, name: string, from: Draft): Draft {
  if (name === POSITION) return { ...draft, lon: from.lon, lat: from.lat };
  return { ...draft, values: { ...draft.values, [name]: from.values[name] ?? '' } };
}

/** Names of the parts in which two drafts differ. */
export function changed(fields: readonly Field[], one: Draft, other: Draft, timeZone: string): string[] {
  const [a, b] = [readPosition(one), readPosition(other)];
  const moved =
    'value' in a && 'value' in b
      ? String(a.value) !== String(b.value)
      : partOf(one, POSITION) !== partOf(other, POSITION);
  const names = fields
    .filter((field) => !same(field, partOf(one, field.name), partOf(other, field.name), timeZone))
    .map(({ name }) => name);
  return moved ? [POSITION, ...names] : names;
}

/** Of a draft, what is asked of it and the names of what is to be sent. */
export interface Asked {
  fields: readonly Field[];
  bounds: Readonly<Record<string, Bound>>;
  parts: readonly string[];
  timeZone: string;
}

/** Reads the parts that are to be sent, or says what is wrong with each. */
export function readDraft(
  draft: Draft,
  { fields, bounds, parts, timeZone }: Asked,
): { sent: Sent; refusals: Refusals } {
  const sent: Sent = {};
  const refusals: Record<string, Refusal> = {};
  if (parts.includes(POSITION)) {
    const at = readPosition(draft);
    if ('fault' in at) refusals[POSITION] = at.fault;
    else sent.geometry = { type: 'Point', coordinates: at.value };
  }
  for (const field of fields.filter(({ name }) => parts.includes(name))) {
    const found = read(field, partOf(draft, field.name), timeZone);
    if ('fault' in found) refusals[field.name] = found.fault;
    else if (found.value === null && bounds[field.name]?.required) refusals[field.name] = 'edit_missing';
    else sent.properties = { ...sent.properties, [field.name]: found.value };
  }
  return { sent, refusals };
}

/** A draft, and what was read of the server when it was begun. */
export interface Begun {
  base: Draft;
  draft: Draft;
}

/**
 * Goes on from what somebody else made of the feature meanwhile. What was typed stays; all else is as it is now. Of each part that
 * became another one, what it was and is.
 */
export function rebase(
  { base, draft }: Begun,
  now: Draft,
  { fields, timeZone }: Pick<Asked, 'fields' | 'timeZone'>,
): { draft: Draft; theirs: Record<string, Theirs> } {
  const mine = changed(fields, base, draft, timeZone);
  const others = changed(fields, base, now, timeZone);
  const theirs = others.map((name) => [name, { was: partOf(base, name), now: partOf(now, name) }] as const);
  const merged = mine.reduce((next, name) => withPart(next, name, draft), now);
  return { draft: merged, theirs: Object.fromEntries(theirs) };
}

/** The draft with a part as the server has it. */
export function taken({ base, draft }: Begun, name: string): Draft {
  return withPart(draft, name, base);
}

/** What people call a feature: its name or title, or its first text; null where it has none. */
export function nameOf(fields: readonly Field[], { values }: Draft): string | null {
  const texts = fields.filter(({ type }) => type === 'text').map(({ name }) => name);
  const by = ['name', 'title'].find((name) => texts.includes(name)) ?? texts[0];
  return (by && values[by]?.trim()) || null;
}
