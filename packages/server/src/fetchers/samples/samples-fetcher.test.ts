import { expect, test } from 'vitest'
import { ALL_VISIBLE, contextOf } from '../../collectors/testing/collect-context.ts'
import { plugin } from './index.ts'

test('gives the scopes of the samples that a snapshot taken now shows', async () => {
  const asked: unknown[] = []
  const samples = {
    readSamples: async () => [],
    sampleScopes: async (...question: unknown[]) => {
      asked.push(...question)
      return ['a', 'b']
    },
    firstSampleAt: async () => undefined,
  }
  const { signal } = new AbortController()
  await using fetcher = await plugin.create({}, contextOf({ samples }))
  expect(await fetcher.scopes(signal)).toEqual(['a', 'b'])
  expect(asked).toEqual(['project_id', ALL_VISIBLE, signal])
})
