import { expect, test } from 'vitest'
import type { Frame } from '../../domain/point.ts'
import { noopModule } from './noop-module.ts'

test('noop gives back the very frames it was given', async () => {
  const frames: Frame[] = [{ scopeId: 'p1', period: { begin: 0, end: 3600 }, points: [] }]
  const rater = await noopModule().load()
  expect(await rater.rate(frames, { signal: new AbortController().signal })).toBe(frames)
})
