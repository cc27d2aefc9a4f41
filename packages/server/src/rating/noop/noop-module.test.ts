import { expect, test } from 'vitest'
import type { Frame } from '../../domain/point.ts'
import { noopModule } from './noop-module.ts'

test('noop gives back the very frame it was given', async () => {
  const frame: Frame = { scopeId: 'p1', period: { begin: 0, end: 3600 }, points: [] }
  const rater = await noopModule().load()
  expect(await rater.rate(frame)).toBe(frame)
})
