import { expect, test } from 'vitest';
import { atOrOn, logTime, percent, when } from '../../../renderer/lib/format.ts';

test('a share is 100 % only when all is done', () => {
  expect(percent(34_999, 35_000)).toBe('99 %');
  expect(percent(35_000, 35_000)).toBe('100 %');
});

test('a time of today is hours and minutes, of another day has the day', () => {
  const now = new Date(2026, 10, 23, 15, 0).getTime();
  expect(when(new Date(2026, 10, 23, 14, 2).getTime(), now)).toBe('14:02');
  expect(when(new Date(2026, 10, 22, 14, 2).getTime(), now)).toBe('yesterday 14:02');
  expect(when(new Date(2026, 10, 12, 14, 2).getTime(), now)).toBe('12 Nov 14:02');
  expect(when(new Date(2025, 10, 12, 14, 2).getTime(), now)).toBe('12 Nov 2025');
  expect(when(new Date(2026, 10, 24, 2, 30).getTime(), now)).toBe('tomorrow 02:30');
  expect(when(new Date(2026, 10, 26, 2, 30).getTime(), now)).toBe('Thu 02:30');
  expect(when(new Date(2026, 10, 30, 2, 30).getTime(), now)).toBe('30 Nov 02:30');
});

test('an end to come says the day unless it is today', () => {
  const now = new Date(2026, 10, 23, 22, 0).getTime();
  expect(atOrOn(new Date(2026, 10, 23, 23, 30).getTime(), now)).toBe('at 23:30');
  expect(atOrOn(new Date(2026, 10, 24, 2, 30).getTime(), now)).toBe('tomorrow 02:30');
});

test('a line of the log has the date unless it is of today', () => {
  const now = new Date(2026, 10, 23, 15, 0).getTime();
  expect(logTime(new Date(2026, 10, 23, 14, 2, 11).getTime(), now)).toBe('14:02:11');
  expect(logTime(new Date(2026, 10, 22, 14, 2, 11).getTime(), now)).toBe('22 Nov 14:02:11');
  expect(logTime(new Date(2025, 10, 22, 14, 2, 11).getTime(), now)).toBe('22 Nov 2025 14:02:11');
});
