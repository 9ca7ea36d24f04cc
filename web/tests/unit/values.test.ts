import { describe, expect, it } from 'vitest';
import { read, same, typed } from '../../src/values';
import type { Field, FieldType } from '../../src/wire';
import { instantOf, wallTime, zoneName } from '../../src/zone';

const ZONE = 'Asia/Ho_Chi_Minh';
const field = (type: FieldType): Field => ({ name: 'f', title: { vi: 'F', en: 'F' }, type });

describe('a time of day', () => {
  it.each([
    ['2025-07-01T01:05:00Z', ZONE, '2025-07-01T08:05'],
    ['2025-06-30T18:00:00+07:00', ZONE, '2025-06-30T18:00'],
    ['2025-06-30T17:59:59Z', ZONE, '2025-07-01T00:59:59'],
    ['2025-07-01T01:05:00.250Z', ZONE, '2025-07-01T08:05:00.250'],
    ['1969-12-31T23:59:30.500Z', 'UTC', '1969-12-31T23:59:30.500'],
    ['2025-01-15T12:00:00Z', 'America/New_York', '2025-01-15T07:00'],
    ['2025-07-15T12:00:00Z', 'America/New_York', '2025-07-15T08:00'],
  ])('%s is shown on the clock of %s as %s, and read back', (instant, zone, wall) => {
    expect(wallTime(instant, zone)).toBe(wall);
    expect(Date.parse(instantOf(wall, zone) ?? '')).toBe(Date.parse(instant));
  });

  it('is the one of the zone on both sides of a change of its clock', () => {
    expect(instantOf('2025-03-09T01:30', 'America/New_York')).toBe('2025-03-09T06:30:00Z');
    expect(instantOf('2025-03-09T03:30', 'America/New_York')).toBe('2025-03-09T07:30:00Z');
  });

  it.each(['', '2025-07-01', '2025-02-30T08:00', '2025-07-01T25:00', '08:05', '2025-07-01T08:05Z'])(
    '%s is none',
    (text) => expect(instantOf(text, ZONE)).toBeNull(),
  );

  it('is told with the offset of its zone', () => {
    expect(zoneName(ZONE, new Date('2025-07-01T00:00:00Z'))).toBe('GMT+7');
  });

  it('that is none is shown as nothing', () => expect(wallTime('hôm qua', ZONE)).toBe(''));
});

describe('a value in a form', () => {
  it.each<[FieldType, unknown, string]>([
    ['text', 'Trạm A', 'Trạm A'],
    ['text', null, ''],
    ['code', 'theft', 'theft'],
    ['integer', 1200, '1200'],
    ['real', 12.5, '12,5'],
    ['boolean', false, 'false'],
    ['date', '2025-07-01', '2025-07-01'],
    ['timestamp', '2025-07-01T01:05:00Z', '2025-07-01T08:05'],
    ['timestamp', undefined, ''],
  ])('of the type %s: %j stands as %j, and is read as it was', (type, raw, text) => {
    expect(typed(field(type), raw, { lang: 'vi', timeZone: ZONE })).toBe(text);
    expect(read(field(type), text, ZONE)).toEqual({ value: raw ?? null });
  });

  it('has the decimal sign of the language, and either is read', () => {
    expect(typed(field('real'), -0.25, { lang: 'en', timeZone: ZONE })).toBe('-0.25');
    for (const text of ['12,5', '12.5', ' 12.50 ']) expect(read(field('real'), text, ZONE)).toEqual({ value: 12.5 });
  });

  it.each([
    ['5.000.000', 5_000_000],
    ['5 000 000', 5_000_000],
    ['5,000', 5000],
    ['-1200', -1200],
    ['007', 7],
  ])('may have thousands parted: %s', (text, value) => {
    expect(read(field('integer'), text, ZONE)).toEqual({ value });
  });

  it.each<[FieldType, string, string]>([
    ['integer', '12.5', 'edit_bad_integer'],
    ['integer', '1.00', 'edit_bad_integer'],
    ['integer', '1.000,000', 'edit_bad_integer'],
    ['integer', 'nhiều', 'edit_bad_integer'],
    ['integer', '9007199254740993', 'edit_bad_integer'],
    ['real', '1.200,5', 'edit_bad_number'],
    ['real', '1e999', 'edit_bad_number'],
    ['real', 'Infinity', 'edit_bad_number'],
    ['date', '2025-02-30', 'edit_bad_day'],
    ['timestamp', '2025-07-01', 'edit_bad_instant'],
  ])('of the type %s is not %s', (type, text, fault) => {
    expect(read(field(type), text, ZONE)).toEqual({ fault });
  });

  it.each<[FieldType, string, string, boolean]>([
    ['real', '12,5', '12.50', true],
    ['real', '12,5', '12,6', false],
    ['real', '', '0', false],
    ['text', 'Trạm A ', 'Trạm A', true],
    ['text', 'a', 'b', false],
    ['integer', '5.000', '5000', true],
    ['integer', 'x', 'y', false],
    ['boolean', '', 'false', false],
    ['timestamp', '2025-07-01T08:05', '2025-07-01T08:05:00', true],
  ])('of the type %s: whether %j means the same as %j', (type, one, other, means) => {
    expect(same(field(type), one, other, ZONE)).toBe(means);
  });
});
