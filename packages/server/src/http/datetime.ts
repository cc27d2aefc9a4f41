import { z } from 'zod'
import { parseIsoTime } from '../domain/iso-time.ts'

/** A time as API v1 takes it. Milliseconds are kept. Undefined for what is none. */
export function parseLenientDatetime(text: string): Date | undefined {
  const time = parseIsoTime(text, 'v1')
  return time && new Date(time.seconds * 1000 + Math.floor(time.micros / 1000))
}

/** How the API document shows what `formatNaive` gives. */
export function naiveText() {
  return z.string().meta({ description: 'UTC, without saying so.', examples: ['2026-06-01T00:00:00'] })
}

/** `2026-06-01T00:00:00`, with microseconds only where there are some: API v1's form, UTC without saying so. */
export function formatNaive(date: Date): string {
  const text = date.toISOString()
  const base = text.slice(0, -5)
  const milliseconds = text.slice(-4, -1)
  return milliseconds === '000' ? base : `${base}.${milliseconds}000`
}
