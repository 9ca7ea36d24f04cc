import { describe, expect, it } from 'vitest';
import { addDays, dayOf, holds, interval, isDay, periods, QUICK_RANGES, quickRange } from '../../src/days';

const TODAY = '2026-11-22';

describe('periods of units', () => {
  it('of one change are before and since', () => {
    expect(periods(['2025-07-01'])).toEqual([
      { from: null, to: '2025-07-01' },
      { from: '2025-07-01', to: null },
    ]);
  });

  it('of no change are one without ends', () => {
    expect(periods([])).toEqual([{ from: null, to: null }]);
  });

  it('hold each day exactly once', () => {
    const all = periods(['2025-07-01', '2020-02-01', '2027-01-01']);
    for (const day of [
      '1999-01-01',
      '2020-01-31',
      '2020-02-01',
      '2025-06-30',
      '2025-07-01',
      '2027-01-01',
      '2040-01-01',
    ]) {
      expect(all.filter((period) => holds(period, day))).toHaveLength(1);
    }
  });

  it('are asked for by a day that they hold', () => {
    const all = periods(['2020-02-01', '2025-07-01', '2027-01-01']);
    for (const period of all) expect(holds(period, dayOf(period, TODAY))).toBe(true);
    expect(all.map((period) => dayOf(period, TODAY))).toEqual(['2020-01-31', '2025-06-30', TODAY, '2027-01-01']);
  });
});

describe('the time filter', () => {
  it('holds the whole last day: it ends with the day after', () => {
    expect(interval({ from: '2025-01-01', to: '2025-12-31' })).toBe('2025-01-01/2026-01-01');
  });

  it('is open where an end is not given', () => {
    expect(interval({ from: null, to: '2024-02-28' })).toBe('../2024-02-29');
    expect(interval({ from: '2024-02-28', to: null })).toBe('2024-02-28/..');
    expect(interval({ from: null, to: null })).toBeNull();
  });

  it('has quick choices of the calendar', () => {
    expect(
      Object.fromEntries(QUICK_RANGES.map((range) => [range, Object.values(quickRange(range, TODAY)).join('/')])),
    ).toEqual({
      today: '2026-11-22/2026-11-22',
      week: '2026-11-16/2026-11-22',
      month: '2026-11-01/2026-11-22',
      last_month: '2026-10-01/2026-10-31',
      quarter: '2026-10-01/2026-11-22',
      year: '2026-01-01/2026-11-22',
      last_year: '2025-01-01/2025-12-31',
    });
    expect(quickRange('last_month', '2026-01-15')).toEqual({ from: '2025-12-01', to: '2025-12-31' });
  });

  it('steps over the ends of months and years', () => {
    expect(addDays('2025-12-31', 1)).toBe('2026-01-01');
    expect(addDays('2024-03-01', -1)).toBe('2024-02-29');
  });
});

describe('a day', () => {
  it.each(['2025-07-01', '2024-02-29', '1976-01-01'])('%s is one', (text) => expect(isDay(text)).toBe(true));
  it.each(['2025-02-29', '2025-13-01', '25-07-01', '2025-7-1', '', null])('%s is none', (text) =>
    expect(isDay(text)).toBe(false),
  );
});
