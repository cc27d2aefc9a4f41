import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Period } from '../domain/period.ts'
import type { Sample } from '../domain/sample.ts'
import { madeUpCloud } from './made-up-cloud.ts'
import { PROJECTS } from './made-up-projects.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const END = Date.UTC(2026, 5, 15) / 1000
const MONTH: Period = { begin: END - 30 * DAY, end: END }

const anyHour = fc.integer({ min: 420_000, max: 1_000_000 }).map((hour) => hour * HOUR)

test('an hour has the same readings in whatever period it is asked for', () => {
  const cut = MONTH.begin + 17 * DAY + 5 * HOUR
  const parts = [...madeUpCloud({ ...MONTH, end: cut }), ...madeUpCloud({ ...MONTH, begin: cut })]
  expect(parts).toEqual([...madeUpCloud(MONTH)])
})

test('the readings never change from one release to the next', () => {
  const lines = [...madeUpCloud({ begin: END, end: END + DAY })].map(
    ({ name, at, value, labels }) => `${at} ${name} ${value.toString()} ${JSON.stringify(labels)}`,
  )
  expect(lines[0]).toBe(
    `${END} instance 1 {"project_id":"ci-runners","id":"dc7c5300-e5ba-4eec-a7de-33df3d306743",` +
      '"flavor_name":"m1.medium","vcpus":"2","ram_mib":"4096","os_type":"linux"}',
  )
  expect(hash('sha256', lines.join('\n'))).toBe('b93289cb6e6ba60af8fe1117baf11d2e545d46b0ecff30bd5fa27f2f420187bf')
})

test('readings come at full hours within the half-open period, in order of time', () => {
  fc.assert(
    fc.property(anyHour, fc.integer({ min: -1800, max: 1800 }), (hour, shift) => {
      const begin = hour + shift
      const times = [...madeUpCloud({ begin, end: begin + 3 * HOUR })].map((sample) => sample.at)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(new Set(times).size).toBe(3)
      for (const at of times) expect([at % HOUR, at >= begin, at < begin + 3 * HOUR]).toEqual([0, true, true])
    }),
    { numRuns: 20 },
  )
})

test('in each hour a thing is read once', () => {
  const keys = [...madeUpCloud(MONTH)].map((sample) => `${sample.name} ${sample.labels['id']} ${sample.at}`)
  expect(new Set(keys).size).toBe(keys.length)
})

test('every project uses every kind of thing, in whatever month', () => {
  fc.assert(
    fc.property(anyHour, (end) => {
      const kinds = new Set<string>()
      for (const sample of madeUpCloud({ begin: end - 30 * DAY, end })) {
        kinds.add(`${sample.labels['project_id']} ${sample.name}`)
      }
      expect(kinds.size).toBe(PROJECTS.length * 6)
    }),
    { numRuns: 5 },
  )
})

test('in whatever month, instances come and go and volumes grow', () => {
  fc.assert(
    fc.property(anyHour, (end) => {
      const month = [...madeUpCloud({ begin: end - 30 * DAY, end })]
      const instances = byId(month, 'instance')
      const created = [...instances.values()].filter((samples) => samples[0]!.at > end - 30 * DAY)
      const deleted = [...instances.values()].filter((samples) => samples.at(-1)!.at < end - HOUR)
      expect(Math.min(created.length, deleted.length)).toBeGreaterThan(100)

      const volumes = [...byId(month, 'volume.size').values()]
      const grown = volumes.filter((samples) => samples.at(-1)!.value.coefficient > samples[0]!.value.coefficient)
      expect(grown.length).toBeGreaterThan(2)
      for (const samples of volumes) {
        const sizes = samples.map((sample) => sample.value.coefficient)
        expect(sizes).toEqual(sizes.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
      }
    }),
    { numRuns: 5 },
  )
})

function byId(samples: readonly Sample[], name: string): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>()
  for (const sample of samples) {
    if (sample.name !== name) continue
    const id = sample.labels['id']!
    const group = groups.get(id)
    if (group) group.push(sample)
    else groups.set(id, [sample])
  }
  return groups
}
