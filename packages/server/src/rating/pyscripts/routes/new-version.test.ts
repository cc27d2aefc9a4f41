import { afterAll, expect, test } from 'vitest'
import { openRulesApi } from '../../testing/open-rules-api.ts'
import { pyscriptsModule } from '../pyscripts-module.ts'
import { pyscriptsRoutes } from './routes.ts'
import { SCRIPTS } from './script-object.ts'

const api = await openRulesApi(pyscriptsRoutes('new_version'), SCRIPTS)
afterAll(() => api[Symbol.asyncDispose]())

type Script = Readonly<Record<string, unknown>>

test('a changed source of a running script holds from now on, under the same id; the former one is kept', async () => {
  const script = await api.get<Script>(201, 'POST', '/', { name: 'discount', data: 'a' })
  const path = `/${String(script['script_id'])}`
  api.now = new Date('2026-07-01T12:00:00Z')
  const changed = await api.get<Script>(201, 'PUT', path, { ...script, checksum: undefined, data: 'b' })
  expect(changed).toMatchObject({ script_id: script['script_id'], data: 'b', start: '2026-07-01T12:00:00', end: null })
  api.now = new Date('2026-07-01T12:00:01Z')
  expect(await api.get(201, 'PUT', path, { ...script, checksum: undefined, data: 'b' })).toEqual(changed)
  expect(await api.get(200, 'GET', '/')).toMatchObject({ scripts: [{ data: 'b' }] })
  expect(await api.fault(409, 'POST', '/', { name: 'discount', data: 'c' })).toContain(String(script['script_id']))

  // The time before is still the script's.
  const rater = await pyscriptsModule(api.db).load()
  const frame = { scopeId: 'A', period: { begin: 1_781_200_000, end: 1_781_203_600 }, points: [] }
  const rate = async () => rater.rate([frame], { signal: new AbortController().signal })
  await expect(rate()).rejects.toThrow('discount')
  await api.get(204, 'DELETE', path)
  expect(await api.get(200, 'GET', '/')).toEqual({ scripts: [] })
})

test('an end and a new name make no version; a start cannot be moved', async () => {
  const script = await api.get<Script>(201, 'POST', '/', { name: 'night', data: 'a' })
  const path = `/${String(script['script_id'])}`
  const wanted = { name: 'day', end: '2030-01-01T00:00:00' }
  expect(await api.get(201, 'PUT', path, wanted)).toMatchObject({ ...wanted, start: script['start'], data: 'a' })
  expect(await api.fault(400, 'PUT', path, { name: 'day', start: '2026-01-01' })).toContain('leave it out')
})
