import { describe, expect, it } from 'vitest';
import {
  changed,
  type Draft,
  draftOf,
  EMPTY,
  nameOf,
  placed,
  POSITION,
  readDraft,
  readPosition,
  rebase,
  taken,
} from '../../src/draft';
import { whoHeader } from '../../src/who';
import type { Field, FieldType, StoredFeature } from '../../src/wire';
import { boundsOf } from '../../src/writes';

const timeZone = 'Asia/Ho_Chi_Minh';
const field = (name: string, type: FieldType): Field => ({ name, title: { vi: name, en: name }, type });
const fields = [field('address', 'text'), field('name', 'text'), field('beds', 'integer'), field('at', 'timestamp')];
const stored: StoredFeature = {
  id: 7,
  geometry: { type: 'Point', coordinates: [108.8012345678, 15.12] },
  properties: { name: 'Trạm A', beds: 12, at: '2025-07-01T01:05:00.123456Z', unit: '21001' },
};
const base = draftOf(fields, stored, { lang: 'vi', timeZone });
const typedIn = (values: Record<string, string>, from: Draft = base): Draft => ({
  ...from,
  values: { ...from.values, ...values },
});
const ask = (parts: string[], required: string[] = []) => ({
  fields,
  parts,
  timeZone,
  bounds: Object.fromEntries(required.map((name) => [name, { required: true, min: null, max: null }])),
});

describe('a draft', () => {
  it('has the fields of the layer and nothing else that an answer tells', () => {
    expect(base).toEqual({
      lon: '108.8012346',
      lat: '15.12',
      values: { address: '', name: 'Trạm A', beds: '12', at: '2025-07-01T08:05:00.123' },
    });
  });

  it('is not changed by what means the same', () => {
    expect(changed(fields, base, typedIn({ name: 'Trạm A ', beds: '012' }), timeZone)).toEqual([]);
    expect(changed(fields, base, { ...base, lat: '15,120' }, timeZone)).toEqual([]);
  });

  it('sends what is changed, and no more', () => {
    const draft = typedIn({ beds: '', name: 'Trạm B' }, { ...base, lon: '108.9' });
    const parts = changed(fields, base, draft, timeZone);
    expect(parts).toEqual([POSITION, 'name', 'beds']);
    expect(readDraft(draft, ask(parts))).toEqual({
      refusals: {},
      sent: {
        geometry: { type: 'Point', coordinates: [108.9, 15.12] },
        properties: { name: 'Trạm B', beds: null },
      },
    });
  });

  it('says what is wrong with each part', () => {
    const draft = typedIn({ beds: 'nhiều', at: '2025-07-01', name: ' ' }, { ...base, lat: '' });
    const parts = [POSITION, 'name', 'beds', 'at'];
    expect(readDraft(draft, ask(parts, ['name'])).refusals).toEqual({
      [POSITION]: 'edit_bad_position',
      name: 'edit_missing',
      beds: 'edit_bad_integer',
      at: 'edit_bad_instant',
    });
  });

  it('has a place from the map to the centimetre', () => {
    expect(placed(EMPTY, 108.80123456789, 15.1)).toEqual({ lon: '108.8012346', lat: '15.1', values: {} });
  });

  it.each([
    ['108,8', '15,1', [108.8, 15.1]],
    // Whether that is on earth, the server says.
    ['15.1', '108.8', [15.1, 108.8]],
  ])('reads the place %s and %s', (lon, lat, value) => {
    expect(readPosition({ lon, lat, values: {} })).toEqual({ value });
  });

  it.each([
    ['', ''],
    ['108.8', ''],
    ['108.8, 15.1', '15.1'],
    ['đông', '15.1'],
  ])('reads no place in %j and %j', (lon, lat) => {
    expect(readPosition({ lon, lat, values: {} })).toEqual({ fault: 'edit_bad_position' });
  });

  it('is called by its name, or by its first text', () => {
    expect(nameOf(fields, base)).toBe('Trạm A');
    expect(nameOf([field('address', 'text')], typedIn({ address: 'Lê Lợi' }))).toBe('Lê Lợi');
    expect(nameOf(fields, EMPTY)).toBeNull();
    expect(nameOf([field('beds', 'integer')], base)).toBeNull();
  });
});

describe('a feature that somebody else changed meanwhile', () => {
  const draft = typedIn({ name: 'Trạm của tôi', address: 'Lê Lợi' });
  const now = typedIn({ name: 'Trạm của họ', beds: '40' });
  const next = rebase({ base, draft }, now, { fields, timeZone });

  it('keeps what was typed, and is otherwise as it is now', () => {
    expect(next.draft.values).toMatchObject({ name: 'Trạm của tôi', address: 'Lê Lợi', beds: '40' });
    expect(next.draft.lon).toBe(base.lon);
  });

  it('tells each part that became another one', () => {
    expect(next.theirs).toEqual({
      name: { was: 'Trạm A', now: 'Trạm của họ' },
      beds: { was: '12', now: '40' },
    });
  });

  it('is saved over their value only where something was typed', () => {
    expect(changed(fields, now, next.draft, timeZone)).toEqual(['address', 'name']);
  });

  it('can be given their value', () => {
    expect(taken({ base: now, draft: next.draft }, 'name').values.name).toBe('Trạm của họ');
    expect(taken({ base: now, draft: { ...next.draft, lon: '1' } }, POSITION).lon).toBe(base.lon);
  });

  it('that was moved tells where it was', () => {
    const moved = rebase({ base, draft: { ...base, lat: '15.2' } }, { ...base, lat: '15.3' }, { fields, timeZone });
    expect(moved.draft.lat).toBe('15.2');
    expect(Object.keys(moved.theirs)).toEqual([POSITION]);
  });
});

describe('what the server asks of fields', () => {
  it('is read from its schema', () => {
    const properties = {
      beds: { minimum: -9.2e18, maximum: 9.2e18 },
      depth: { minimum: 0.5 },
      unit: { readOnly: true },
    };
    expect(boundsOf({ properties: { properties: { properties, required: ['beds'] } } })).toEqual({
      beds: { required: true, min: null, max: null },
      depth: { required: false, min: 0.5, max: null },
    });
  });
});

describe('who edits', () => {
  it('is named in ASCII, or not at all', () => {
    expect(whoHeader(' Nguyễn Lan ')).toEqual({ 'bandoso-who': 'Nguy%E1%BB%85n%20Lan' });
    expect(whoHeader('  ')).toEqual({});
  });
});
