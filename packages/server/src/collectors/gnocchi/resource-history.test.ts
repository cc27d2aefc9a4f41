import { expect, test } from 'vitest'
import { ResourceHistory } from './resource-history.ts'

const HOUR = 3600
const at = (hour: number) => new Date(hour * HOUR * 1000).toISOString()
const period = (hour: number) => ({ begin: hour * HOUR, end: (hour + 1) * HOUR })

function revision(from: number, until: number | undefined, flavor: string, more: Record<string, string> = {}) {
  return {
    id: 'vm',
    project_id: 'a',
    flavor,
    revision_start: at(from),
    revision_end: until === undefined ? 'None' : at(until),
    started_at: at(10),
    ended_at: 'None',
    ...more,
  }
}

function flavorAt(history: ResourceHistory, hour: number, { scopeId = 'a', key = 'vm', by = 'id' } = {}) {
  return history.find(by, { scopeId, key }, period(hour), HOUR)?.['flavor']
}

test('a period has the attributes that were in force at its end', () => {
  const history = new ResourceHistory(
    [revision(10, 12.5, 'small'), revision(12.5, 14, 'large'), revision(14, undefined, 'huge')],
    'project_id',
  )
  expect([10, 11, 12, 13, 14, 20].map((hour) => flavorAt(history, hour))).toEqual([
    'small',
    'small',
    'large',
    'large',
    'huge',
    'huge',
  ])
})

test('before Gnocchi knew the resource it has what it had first, whatever else was read', () => {
  const rows = [revision(12, 13, 'small'), revision(13, undefined, 'large')]
  expect(flavorAt(new ResourceHistory(rows, 'project_id'), 10)).toBe('small')
  expect(flavorAt(new ResourceHistory([revision(8, 9, 'tiny'), ...rows], 'project_id'), 10)).toBe('small')
})

test('a resource is found up to one margin before its start and after its end, as CloudKitty does', () => {
  const history = new ResourceHistory([revision(0, undefined, 'small', { ended_at: at(15) })], 'project_id')
  expect([7, 8, 9, 14, 15, 16, 17].map((hour) => flavorAt(history, hour))).toEqual([
    undefined,
    'small',
    'small',
    'small',
    'small',
    'small',
    undefined,
  ])
})

test('each scope has its own revisions of a resource that went from one to the other', () => {
  const history = new ResourceHistory(
    [revision(10, 12, 'small'), revision(12, undefined, 'large', { project_id: 'b' })],
    'project_id',
  )
  expect([flavorAt(history, 11), flavorAt(history, 11, { scopeId: 'b' }), flavorAt(history, 13)]).toEqual([
    'small',
    'large',
    undefined,
  ])
})

test('of resources that share a key the one that changed last counts, in whatever order they came', () => {
  const rows = [
    revision(10, undefined, 'small', { name: 'twin' }),
    revision(11, undefined, 'large', { name: 'twin', id: 'vm2' }),
    revision(11, undefined, 'huge', { name: 'twin', id: 'vm3' }),
  ]
  for (const order of [rows, rows.toReversed()]) {
    expect(flavorAt(new ResourceHistory(order, 'project_id'), 12, { key: 'twin', by: 'name' })).toBe('huge')
  }
})
