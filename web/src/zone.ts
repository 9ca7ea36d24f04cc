/** Times of day as people of a time zone read them off a clock, and the instants that they are. */

const WALL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/;

/** An RFC 3339 instant on the zone's clock, as `datetime-local` has it: 2025-07-01T08:05. Seconds are told where there are any. */
export function wallTime(instant: string, timeZone: string): string {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) return '';
  const text = new Date(ms + offsetMs(ms, timeZone)).toISOString().slice(0, -1);
  return text.replace(/\.000$/, '').replace(/(T\d{2}:\d{2}):00$/, '$1');
}

/** The instant, in UTC, at which the zone's clock shows this; null where it is no time. */
export function instantOf(wall: string, timeZone: string): string | null {
  const shown = WALL.test(wall) ? Date.parse(`${wall}Z`) : Number.NaN;
  // A day that is not, such as 2025-02-30, would be taken for another one.
  if (Number.isNaN(shown) || !new Date(shown).toISOString().startsWith(wall.slice(0, 10))) return null;
  // Near a change of the clock the first guess may have the offset of the other side.
  const guess = shown - offsetMs(shown, timeZone);
  return new Date(shown - offsetMs(guess, timeZone)).toISOString().replace('.000Z', 'Z');
}

/** The zone as people know it: GMT+7. */
export function zoneName(timeZone: string, at: Date): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(at);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
}

/** How far the zone's clock is ahead of UTC at an instant. */
function offsetMs(ms: number, timeZone: string): number {
  const second = Math.floor(ms / 1000) * 1000;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(second);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const clock = new Date(0);
  // Not Date.UTC, which takes the year 99 for 1999.
  clock.setUTCFullYear(part('year'), part('month') - 1, part('day'));
  clock.setUTCHours(part('hour'), part('minute'), part('second'));
  return clock.getTime() - second;
}
