import type { Choices } from './choices';

/** A stretch of days with the same units. `from` is its first day; null is before all changes. `to` is the first day after it. */
export interface Period {
  from: string | null;
  to: string | null;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Whether the text is a real day: 2025-02-30 is not. */
export function isDay(text: string | null | undefined): text is string {
  if (!text || !DAY.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** The day `days` after the given one. */
export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The stretches between the days on which units changed. */
export function periods(unitDates: readonly string[]): Period[] {
  const starts = [null, ...[...unitDates].sort()];
  return starts.map((from, index) => ({ from, to: starts[index + 1] ?? null }));
}

/** Whether the day lies in the period. */
export function holds(period: Period, day: string): boolean {
  return (period.from === null || day >= period.from) && (period.to === null || day < period.to);
}

/** The day to ask for when the user picks a period: today where it holds today, else its last day, or its first. */
export function dayOf(period: Period, today: string): string {
  if (holds(period, today)) return today;
  return period.to !== null && period.to <= today ? addDays(period.to, -1) : (period.from ?? today);
}

/** The `datetime` of a request: half-open, so that the last day is wholly in it; null without a filter. */
export function interval(choices: Pick<Choices, 'from' | 'to'>): string | null {
  const { from, to } = choices;
  if (!from && !to) return null;
  return `${from ?? '..'}/${to ? addDays(to, 1) : '..'}`;
}

export type QuickRange = 'today' | 'week' | 'month' | 'last_month' | 'quarter' | 'year' | 'last_year';
export const QUICK_RANGES: readonly QuickRange[] = [
  'today',
  'week',
  'month',
  'last_month',
  'quarter',
  'year',
  'last_year',
];

/** First and last day of a quick choice. Weeks are the last seven days; the others are of the calendar, up to today. */
export function quickRange(range: QuickRange, today: string): { from: string; to: string } {
  const year = today.slice(0, 4);
  const month = Number(today.slice(5, 7));
  const monthStart = `${today.slice(0, 7)}-01`;
  switch (range) {
    case 'today':
      return { from: today, to: today };
    case 'week':
      return { from: addDays(today, -6), to: today };
    case 'month':
      return { from: monthStart, to: today };
    case 'last_month': {
      const to = addDays(monthStart, -1);
      return { from: `${to.slice(0, 7)}-01`, to };
    }
    case 'quarter': {
      const first = month - ((month - 1) % 3);
      return { from: `${year}-${String(first).padStart(2, '0')}-01`, to: today };
    }
    case 'year':
      return { from: `${year}-01-01`, to: today };
    case 'last_year': {
      const before = String(Number(year) - 1).padStart(4, '0');
      return { from: `${before}-01-01`, to: `${before}-12-31` };
    }
  }
}
