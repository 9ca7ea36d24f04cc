import { describe, expect, it } from 'vitest';
import { degrees, distance, dms, instant, number, readPlace, value, wrap } from '../../src/format';
import type { Field, FieldType } from '../../src/wire';

describe('coordinates', () => {
  it('are written in degrees, latitude first', () => {
    expect(degrees(108.801234, 15.120456)).toBe('15.12046, 108.80123');
  });

  it('are written in degrees, minutes and seconds', () => {
    expect(dms(108.80123, 15.12046)).toBe('15°07′13.7″N 108°48′04.4″E');
    expect(dms(-70.5, -33.25)).toBe('33°15′00.0″S 70°30′00.0″W');
  });

  it('never show sixty seconds', () => {
    expect(dms(108.99999999, 15.99999999)).toBe('16°00′00.0″N 109°00′00.0″E');
  });

  it('come back from a map turned round the world', () => {
    expect(wrap(468.5)).toBeCloseTo(108.5);
    expect(wrap(-251.5)).toBeCloseTo(108.5);
    expect(wrap(180)).toBe(180);
  });

  it.each([
    ['15.1205, 108.8012', 108.8012, 15.1205],
    ['15.1205,108.8012', 108.8012, 15.1205],
    ['15.1205 108.8012', 108.8012, 15.1205],
    ['15,1205; 108,8012', 108.8012, 15.1205],
    ['15,1205 108,8012', 108.8012, 15.1205],
    ['108.8012, 15.1205', 108.8012, 15.1205],
    [' -33.25°, -70.5° ', -70.5, -33.25],
  ])('are read from %j', (text, lon, lat) => {
    expect(readPlace(text)).toEqual({ lon, lat });
  });

  it.each(['', '15', 'abc, def', '15, 108, 3', '95, 200', '15.1205, ', 'NaN, 5', '1e1, 5'])(
    'are not read from %j',
    (text) => {
      expect(readPlace(text)).toBeNull();
    },
  );
});

describe('values', () => {
  const format = { lang: 'vi', timeZone: 'Asia/Ho_Chi_Minh', yes: 'Có', no: 'Không' } as const;
  const field = (type: FieldType, more: Partial<Field> = {}): Field => ({
    name: 'x',
    title: { vi: 'x', en: 'x' },
    type,
    ...more,
  });
  const codes = [{ code: 'theft', vi: 'Trộm cắp', en: 'Theft' }];

  it.each([
    [field('code', { codes }), 'theft', 'Trộm cắp'],
    [field('code', { codes }), 'unheard_of', 'unheard_of'],
    [field('boolean'), true, 'Có'],
    [field('boolean'), false, 'Không'],
    [field('date'), '2025-07-01', '01/07/2025'],
    [field('timestamp'), '2025-06-30T17:30:00Z', '00:30 01/07/2025'],
    [field('real', { unit: 'm³' }), 1234567.5, '1.234.567,5 m³'],
    [field('integer'), 1998, '1998'],
    [field('text'), '<b>Chợ</b>', '<b>Chợ</b>'],
    [field('text'), '', null],
    [field('text'), undefined, null],
  ])('of %j: %j is shown as %j', (of, raw, shown) => {
    expect(value(of, raw, format)).toBe(shown);
  });

  it('are in the language asked for', () => {
    expect(value(field('code', { codes }), 'theft', { ...format, lang: 'en' })).toBe('Theft');
    expect(number(12345, 'vi')).toBe('12.345');
    expect(number(12345, 'en')).toBe('12,345');
  });

  it('of time are in the map’s zone, not the reader’s', () => {
    expect(instant('2025-06-30T17:30:00Z', 'en', 'Asia/Ho_Chi_Minh')).toBe('00:30 01/07/2025');
  });

  it('of distance change to kilometres', () => {
    expect(distance(999.4, 'vi')).toBe('999 m');
    expect(distance(1234, 'vi')).toBe('1,23 km');
    expect(distance(45_678, 'en')).toBe('45.7 km');
  });
});
