import { percentDone } from '../../contract/time-left.ts';
import { NOTHING } from '../../contract/units.ts';

/** Numbers, units and times of day as the page writes them. */

export * from '../../contract/units.ts';

/** Making a formatter takes fifty times as long as writing a time with it, and tables write many. */
const dates = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => new Intl.DateTimeFormat('en-GB', options);
const hoursMinutes = dates({ hour: '2-digit', minute: '2-digit' });
const toTheSecond = dates({ timeStyle: 'medium' });
const inFull = dates({ dateStyle: 'full', timeStyle: 'medium' });
const longToTheMinute = dates({ dateStyle: 'long', timeStyle: 'short' });
const wholeDay = dates({ dateStyle: 'medium' });
const weekday = dates({ weekday: 'short' });
const dayAndMonth = dates({ day: 'numeric', month: 'short' });

/** How far something is in whole percent; where the whole is not known, nothing. */
export function percent(part: number, whole: number): string {
  return whole > 0 ? percentDone(part, whole) : NOTHING;
}

/**
 * Time of day for today, "yesterday 14:02", "tomorrow 02:30", a day of the week to come as "Tue 02:30", else the date:
 * "12 Nov 14:02", "12 Nov 2025".
 */
export function when(timestamp: number | null, now = Date.now()): string {
  if (timestamp === null) return NOTHING;
  const date = new Date(timestamp);
  const time = hoursMinutes.format(date);
  const ahead = daysAhead(timestamp, now);
  if (ahead === 0) return time;
  if (ahead === -1) return `yesterday ${time}`;
  if (ahead === 1) return `tomorrow ${time}`;
  if (ahead > 1 && ahead < 7) return `${weekday.format(date)} ${time}`;
  return sameYear(timestamp, now) ? `${dayOf(date)} ${time}` : `${dayOf(date)} ${date.getFullYear()}`;
}

/** When something is to end, to go on after "done": "at 17:14", "tomorrow 02:30". */
export function atOrOn(timestamp: number, now = Date.now()): string {
  return `${daysAhead(timestamp, now) === 0 ? 'at ' : ''}${when(timestamp, now)}`;
}

/** To the second, as a line of a log begins: "14:02:11" for today, else with the date: "12 Nov 14:02:11". */
export function logTime(timestamp: number, now = Date.now()): string {
  const date = new Date(timestamp);
  const time = toTheSecond.format(date);
  if (daysAhead(timestamp, now) === 0) return time;
  return `${dayOf(date)}${sameYear(timestamp, now) ? '' : ` ${date.getFullYear()}`} ${time}`;
}

/** To the second, with the day; for titles on hover. */
export function exactTime(timestamp: number | null): string {
  return timestamp === null ? '' : inFull.format(timestamp);
}

/** The day with its year, wherever and whenever it is read: "12 Nov 2025". */
export function day(timestamp: number): string {
  return wholeDay.format(timestamp);
}

/** Day and minute, wherever and whenever they are read: "12 November 2025 at 14:02". */
export function dayAndTime(timestamp: number): string {
  return longToTheMinute.format(timestamp);
}

function dayOf(date: Date): string {
  return dayAndMonth.format(date);
}

function sameYear(timestamp: number, now: number): boolean {
  return new Date(timestamp).getFullYear() === new Date(now).getFullYear();
}

/** Days by the calendar from now to then; negative: then is over. */
function daysAhead(then: number, now: number): number {
  const start = (timestamp: number): number => {
    const date = new Date(timestamp);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  };
  return Math.round((start(then) - start(now)) / 86_400_000);
}
