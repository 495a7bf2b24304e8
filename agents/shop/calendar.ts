export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** A calendar day as `YYYY-MM-DD`; such texts sort as the days do. */
export type Day = string;

const DAY_MS = 86_400_000;

/** The day that it is at `instant` in the given time zone. */
export function dayAt(instant: Date, timeZone: string): Day {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(instant);
}

/** The time of day at `instant` in the given time zone, as `HH:MM`. */
export function timeAt(instant: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' }).format(instant);
}

export function addDays(day: Day, count: number): Day {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

export function weekdayOf(day: Day): Weekday {
  return WEEKDAYS[new Date(day).getUTCDay()] ?? 'Sunday';
}

/**
 * Understands `tomorrow`, `today`, a weekday (the next one after today) and `YYYY-MM-DD`.
 * @returns undefined when the text names no day
 */
export function parseDay(text: string, today: Day): Day | undefined {
  const wanted = text.trim().toLowerCase();
  if (wanted === 'today') return today;
  if (wanted === 'tomorrow') return addDays(today, 1);
  const weekday = WEEKDAYS.findIndex((name) => name.toLowerCase() === wanted);
  if (weekday >= 0) return addDays(today, ((weekday - WEEKDAYS.indexOf(weekdayOf(today)) + 6) % 7) + 1);
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(wanted) && !Number.isNaN(Date.parse(wanted));
  // Parsing rolls 30 February over into March; such a day is none.
  return isDate && addDays(wanted, 0) === wanted ? wanted : undefined;
}
