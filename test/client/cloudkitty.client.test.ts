import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { API_VERSIONS, type ApiVersion, CloudkittyCommand, type Row, whyNoCloudkitty } from './cloudkitty-command.ts'
import { PROJECT_A, PROJECT_B, type RatedCloud, startRatedCloud } from './start-rated-cloud.ts'

const HASHMAP = '/v1/rating/module_config/hashmap'
const SCRIPTS = '/v1/rating/module_config/pyscripts/scripts'
const MAY = ['--begin', '2026-05-01T00:00:00Z', '--end', '2026-06-01T00:00:00Z'] as const
const UNKNOWN = '11111111-2222-4333-8444-555555555555'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Every run waits for its turn, and there are more than a hundred. */
const TIMEOUT_MS = 15 * 60_000

/** A subcommand's words, and what follows them. */
type Arguments = [subcommand: string, ...args: string[]]

const absent = whyNoCloudkitty()

describe.skipIf(absent)(
  `the cloudkitty command of python-cloudkittyclient ${absent ?? ''}`,
  { timeout: TIMEOUT_MS },
  () => {
    let cloud: RatedCloud
    const clients = new Map<ApiVersion, CloudkittyCommand>()
    const client = (version: ApiVersion): CloudkittyCommand => clients.get(version)!

    beforeAll(async () => {
      cloud = await startRatedCloud()
      for (const version of API_VERSIONS) {
        const env = { OS_AUTH_TYPE: 'cloudkitty-noauth', OS_ENDPOINT: cloud.url }
        clients.set(version, new CloudkittyCommand(version, cloud.folder, env))
      }
    })
    afterAll(async () => {
      await Promise.all([...clients.values()].map((one) => one[Symbol.asyncDispose]()))
      await cloud?.[Symbol.asyncDispose]()
    })

    /** Creates what a test needs but is not about, past the client; the answer's JSON. */
    async function create(path: string, body: unknown): Promise<Record<string, string>> {
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(cloud.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
      if (!reply.ok) throw new Error(`POST ${path}: ${reply.status} ${await reply.text()}`)
      return (await reply.json()) as Record<string, string>
    }

    async function statusOf(path: string): Promise<number> {
      return (await fetch(cloud.url + path)).status
    }

    async function createField(name: string): Promise<{ serviceId: string; fieldId: string; groupId: string }> {
      const { service_id: serviceId } = await create(`${HASHMAP}/services`, { name })
      const { field_id: fieldId } = await create(`${HASHMAP}/fields`, { name: 'size', service_id: serviceId })
      const { group_id: groupId } = await create(`${HASHMAP}/groups`, { name })
      return { serviceId: serviceId!, fieldId: fieldId!, groupId: groupId! }
    }

    describe.concurrent.each(API_VERSIONS)('speaking version %i', (version) => {
      const rows = (...args: Arguments) => client(version).rows(...args)
      const row = (...args: Arguments) => client(version).row(...args)
      const text = (...args: Arguments) => client(version).text(...args)

      test('prints the metrics and the configuration', async () => {
        const [config, one, list, tenants, help, completion] = await Promise.all([
          rows('info config get'),
          row('info metric get', 'instance'),
          text('info metric list'),
          rows('report tenant list', ...MAY),
          text('help', 'info', 'metric', 'get'),
          text('complete'),
        ])
        expect(config).toEqual([
          {
            Section: 'metrics',
            Value: {
              instance: { unit: 'instance', groupby: ['id'], metadata: ['flavor_name'] },
              'volume.size': { unit: 'GiB', alt_name: 'storage', groupby: ['id'] },
            },
          },
        ])
        expect(one).toEqual({ Metric: 'instance', Unit: 'instance', Metadata: ['flavor_name'] })
        expect(list).toBe(`\
+----------+----------+-----------------+
| Metric   | Unit     | Metadata        |
+----------+----------+-----------------+
| instance | instance | ['flavor_name'] |
| storage  | GiB      | []              |
+----------+----------+-----------------+
`)
        expect(tenants).toEqual([{ 'Tenant ID': PROJECT_A }, { 'Tenant ID': PROJECT_B }])
        expect(help).toContain('usage: cloudkitty info metric get')
        expect(completion).toContain("cmds_info='config metric'")
      })

      test('keeps which collector gathers a service, and whether a collector is on', async () => {
        const [service, collector] = [`service-${version}`, `collector-${version}`]
        const mapping = { Service: service, Collector: collector }
        expect(await row('collector-mapping create', service, collector)).toEqual(mapping)
        const [one, list, state] = await Promise.all([
          row('collector-mapping get', service),
          rows('collector-mapping list', '--collector', collector),
          row('collector state get', collector),
        ])
        expect(one).toEqual(mapping)
        expect(list).toEqual([mapping])
        expect(state).toEqual({ Collector: collector, State: false })
        expect(await row('collector enable', collector)).toEqual({ Collector: collector, State: true })
        expect(await row('collector disable', collector)).toEqual({ Collector: collector, State: false })
        expect(await text('collector-mapping delete', service)).toBe('')
        expect(await statusOf(`/v1/collector/mappings/${service}`)).toBe(404)
      })

      test('creates, shows and deletes services of hashmap', async () => {
        const service = await row('hashmap service create', `billed-${version}`)
        const id = String(service['Service ID'])
        expect(service).toEqual({ Name: `billed-${version}`, 'Service ID': expect.stringMatching(UUID) })
        const [one, list] = await Promise.all([row('hashmap service get', id), rows('hashmap service list')])
        expect(one).toEqual(service)
        expect(list).toContainEqual(service)
        expect(list).toContainEqual({ Name: 'storage', 'Service ID': expect.stringMatching(UUID) })
        expect(await text('hashmap service delete', id)).toBe('')
        expect(await statusOf(`${HASHMAP}/services/${id}`)).toBe(404)
      })

      test('creates, shows and deletes fields of hashmap', async () => {
        const { serviceId } = await createField(`fields-${version}`)
        const field = await row('hashmap field create', serviceId, 'colour')
        const id = String(field['Field ID'])
        expect(field).toEqual({ Name: 'colour', 'Field ID': expect.stringMatching(UUID), 'Service ID': serviceId })
        const [one, list] = await Promise.all([row('hashmap field get', id), rows('hashmap field list', serviceId)])
        expect(one).toEqual(field)
        expect(list).toEqual([{ Name: 'size', 'Field ID': expect.anything(), 'Service ID': serviceId }, field])
        expect(await text('hashmap field delete', id)).toBe('')
        expect(await statusOf(`${HASHMAP}/fields/${id}`)).toBe(404)
      })

      test('creates, shows and deletes groups of hashmap, with their rules', async () => {
        const { serviceId, fieldId } = await createField(`groups-${version}`)
        const group = await row('hashmap group create', `discounts-${version}`)
        const id = String(group['Group ID'])
        expect(group).toEqual({ Name: `discounts-${version}`, 'Group ID': expect.stringMatching(UUID) })
        const parts = { group_id: id, cost: '0.5', type: 'rate' }
        const mapping = await create(`${HASHMAP}/mappings`, { ...parts, field_id: fieldId, value: 'big' })
        const threshold = await create(`${HASHMAP}/thresholds`, { ...parts, service_id: serviceId, level: '10' })

        const [list, mappings, thresholds] = await Promise.all([
          rows('hashmap group list'),
          rows('hashmap group mappings get', id),
          rows('hashmap group thresholds get', id),
        ])
        expect(list).toContainEqual(group)
        const common = { Type: 'rate', Cost: decimal('0.5', 28), 'Group ID': id, 'Project ID': null }
        expect(mappings).toEqual([
          { 'Mapping ID': mapping['mapping_id'], Value: 'big', ...common, 'Field ID': fieldId, 'Service ID': null },
        ])
        expect(thresholds).toEqual([
          {
            'Threshold ID': threshold['threshold_id'],
            Level: decimal('10', 8),
            ...common,
            'Field ID': null,
            'Service ID': serviceId,
          },
        ])
        expect(await text('hashmap group delete', '--recursive', id)).toBe('')
        expect(await statusOf(`${HASHMAP}/thresholds/${threshold['threshold_id']}`)).toBe(404)
      })

      test('creates, shows, changes and deletes mappings of hashmap', async () => {
        const { serviceId, fieldId, groupId } = await createField(`mappings-${version}`)
        const future = { field_id: fieldId, value: 'big', cost: '1', start: '3000-01-01' }
        const { mapping_id: laterId = '' } = await create(`${HASHMAP}/mappings`, future)
        const where = ['--field-id', fieldId, '--value', 'tiny', '--group-id', groupId, '--project-id', PROJECT_A]
        const mapping = await row('hashmap mapping create', '0.1', ...where, '--type', 'rate')
        const id = String(mapping['Mapping ID'])
        expect(mapping).toEqual({
          'Mapping ID': expect.stringMatching(UUID),
          Value: 'tiny',
          Cost: decimal('0.1', 28),
          Type: 'rate',
          'Field ID': fieldId,
          'Service ID': null,
          'Group ID': groupId,
          'Project ID': PROJECT_A,
        })
        const [types, one, ofTenant, ofNobody, onService, changed] = await Promise.all([
          rows('hashmap mapping-types list'),
          row('hashmap mapping get', id),
          rows('hashmap mapping list', '--field-id', fieldId, '--project-id', PROJECT_A, '--filter-tenant'),
          rows('hashmap mapping list', '--field-id', fieldId, '--no-group'),
          row('hashmap mapping create', '2', '--service-id', serviceId),
          // The client follows CloudKitty's 302 to its PUT with the same PUT, thirty times.
          row('hashmap mapping update', laterId, '--cost', '0.25'),
        ])
        expect(types).toEqual([{ 'Mapping types': 'flat' }, { 'Mapping types': 'rate' }])
        expect(one).toEqual(mapping)
        expect(ofTenant).toEqual([mapping])
        expect(ofNobody.map((it) => it['Mapping ID'])).toEqual([laterId])
        expect(onService).toMatchObject({ Cost: decimal('2', 28), Type: 'flat', 'Service ID': serviceId, Value: null })
        expect(changed).toMatchObject({ 'Mapping ID': laterId, Value: 'big', Cost: decimal('0.25', 28) })
        expect(await text('hashmap mapping delete', laterId)).toBe('')
        const left = (await (await fetch(`${cloud.url}${HASHMAP}/mappings?field_id=${fieldId}`)).json()) as object
        expect(left).toMatchObject({ mappings: [{ mapping_id: id }] })
      })

      test('creates, shows, changes and deletes thresholds of hashmap', async () => {
        const { fieldId, groupId } = await createField(`thresholds-${version}`)
        const where = ['--field-id', fieldId, '--group-id', groupId, '--project-id', PROJECT_B]
        const threshold = await row('hashmap threshold create', '10.5', '0.9', ...where, '--type', 'rate')
        const id = String(threshold['Threshold ID'])
        expect(threshold).toEqual({
          'Threshold ID': expect.stringMatching(UUID),
          Level: decimal('10.5', 8),
          Cost: decimal('0.9', 28),
          Type: 'rate',
          'Field ID': fieldId,
          'Service ID': null,
          'Group ID': groupId,
          'Project ID': PROJECT_B,
        })
        const [one, list] = await Promise.all([
          row('hashmap threshold get', id),
          rows('hashmap threshold list', '--group-id', groupId),
        ])
        expect(one).toEqual(threshold)
        expect(list).toEqual([threshold])
        const changed = { ...threshold, Level: decimal('11', 8), Cost: decimal('0.8', 28) }
        expect(await row('hashmap threshold update', id, '--level', '11', '--cost', '0.8')).toEqual(changed)
        expect(await text('hashmap threshold delete', id)).toBe('')
        expect(await statusOf(`${HASHMAP}/thresholds/${id}`)).toBe(404)
      })

      test('creates, shows, changes and deletes scripts', async () => {
        const name = `night-${version}`
        const source = 'for usage in data:\n    pass  # für nachts\n'
        const file = join(cloud.folder, `${name}.py`)
        await writeFile(file, source)
        const future = { name: `later-${version}`, data: 'old', start: '3000-01-01' }
        const { script_id: laterId = '' } = await create(SCRIPTS, future)
        const script = await row('pyscript create', name, file)
        const id = String(script['Script ID'])
        const checksum = createHash('sha512').update(source).digest('hex')
        expect(script).toEqual({
          Name: name,
          'Script ID': expect.stringMatching(UUID),
          Checksum: checksum,
          Data: source,
        })
        const [one, list, changed] = await Promise.all([
          row('pyscript get', id),
          rows('pyscript list', '--no-data'),
          row('pyscript update', laterId, '--data', source),
        ])
        expect(one).toEqual(script)
        expect(list).toContainEqual({ ...script, Data: null })
        expect(changed).toEqual({ ...script, Name: `later-${version}`, 'Script ID': laterId })
        expect(await text('pyscript delete', id)).toBe('')
        expect(await statusOf(`${SCRIPTS}/${id}`)).toBe(404)
      })
    })

    describe.concurrent('speaking one version', () => {
      test('shows modules, switches them and sets their priority', async () => {
        for (const [version, priority] of [
          [1, 7],
          [2, 9],
        ] as const) {
          const it = client(version)
          // oxlint-disable no-await-in-loop -- both versions change the same module
          const before = await it.row('module get', 'pyscripts')
          expect(before).toMatchObject({ Module: 'pyscripts', Enabled: false })
          expect(await it.row('module enable', 'pyscripts')).toEqual({ ...before, Enabled: true })
          const wanted = { ...before, Enabled: true, Priority: priority }
          expect(await it.row('module set priority', 'pyscripts', `${priority}`)).toEqual(wanted)
          expect(await it.rows('module list')).toEqual([
            { Module: 'hashmap', Enabled: true, Priority: 1 },
            { Module: 'noop', Enabled: true, Priority: 1 },
            wanted,
          ])
          expect(await it.row('module disable', 'pyscripts')).toEqual({ ...wanted, Enabled: false })
          // oxlint-enable no-await-in-loop
        }
      })

      test('says why it is refused something', async () => {
        const { fieldId } = await createField('refusals')
        const { mapping_id: mappingId = '' } = await create(`${HASHMAP}/mappings`, {
          field_id: fieldId,
          value: 'x',
          cost: 1,
        })
        const { script_id: scriptId = '' } = await create(SCRIPTS, { name: 'refusals', data: 'pass' })
        const refused = async (...args: Arguments) => {
          const { status, stdout, stderr } = await client(1).run(...args)
          expect({ args, status, stdout }).toEqual({ args, status: 1, stdout: '' })
          return stderr
        }
        const [noMetric, noMapping, badId, twice, mapping, script, same] = await Promise.all([
          refused('info metric get', 'moonlight'),
          refused('hashmap mapping get', UNKNOWN),
          refused('hashmap field create', 'zz', 'size'),
          refused('hashmap service create', 'refusals'),
          refused('hashmap mapping update', mappingId, '--cost', '2'),
          refused('pyscript update', scriptId, '--data', 'other'),
          client(1).row('hashmap mapping update', mappingId, '--value', 'x'),
        ])
        expect(noMetric).toContain('(HTTP 404)')
        expect(noMapping).toContain(`No such mapping: ${UNKNOWN}`)
        expect(badId).toContain("Invalid UUID, got 'zz'")
        expect(twice).toContain('Service refusals already exists (UUID: ')
        expect(twice).toContain('(HTTP 409)')
        // This client knows nothing of validity: what it creates has started at once, and keeps its price and its source.
        const running = 'You are allowed to update only the attribute [end] as this rule is already running'
        expect(mapping).toContain(running)
        expect(script).toContain(running)
        expect(same).toMatchObject({ 'Mapping ID': mappingId, Value: 'x', Cost: decimal('1', 28) })
      })

      test('in version 1, prints totals, summaries and frames of what was rated', async () => {
        const v1 = client(1)
        const [total, ofType, all, grouped, frames, csv] = await Promise.all([
          v1.text('total get', ...MAY),
          v1.text('total get', ...MAY, '--tenant-id', PROJECT_A, '--service', 'storage', '-f', 'json'),
          v1.text('summary get', ...MAY, '--all-tenants'),
          v1.rows('summary get', ...MAY, '--all-tenants', '--groupby', 'res_type', 'tenant_id'),
          // In its long form the client takes `--resource_type` for `--resource-type`, and does not know that.
          v1.rows('dataframes get', ...MAY, '-r', 'instance', '--project-id', PROJECT_A),
          v1.text('dataframes get', ...MAY, '-f', 'df-to-csv'),
        ])
        expect(total).toBe(`\
+-------+-------+
| Field | Value |
+-------+-------+
| Total | 3.5   |
+-------+-------+
`)
        expect(JSON.parse(ofType)).toEqual({ Total: 2 })
        expect(all).toBe(`\
+-----------+---------------+------+---------------------+---------------------+
| Tenant ID | Resource Type | Rate | Begin Time          | End Time            |
+-----------+---------------+------+---------------------+---------------------+
| ALL       | ALL           | 3.5  | 2026-05-01T00:00:00 | 2026-06-01T00:00:00 |
+-----------+---------------+------+---------------------+---------------------+
`)
        const month = { 'Begin Time': '2026-05-01T00:00:00', 'End Time': '2026-06-01T00:00:00' }
        expect(grouped).toEqual([
          { 'Tenant ID': PROJECT_A, 'Resource Type': 'instance', Rate: '1.25', ...month },
          { 'Tenant ID': PROJECT_A, 'Resource Type': 'storage', Rate: '2.0', ...month },
          { 'Tenant ID': PROJECT_B, 'Resource Type': 'instance', Rate: '0.25', ...month },
        ])
        const Resources = [
          resource({ flavor_name: 'm1.small', id: 'vm-1' }, '0.125', '0.1250'),
          resource({ flavor_name: 'm1.large', id: 'vm-2' }, '0.5', '0.5000'),
        ]
        expect(frames).toEqual([
          { Begin: '2026-05-01T00:00:00', End: '2026-05-01T01:00:00', 'Project ID': PROJECT_A, Resources },
          { Begin: '2026-05-01T01:00:00', End: '2026-05-01T02:00:00', 'Project ID': PROJECT_A, Resources },
        ])
        expect(csv.split(/\r?\n/).filter((line) => line.includes('2026-05-01T02'))).toEqual([
          `2026-05-01T01:00:00,2026-05-01T02:00:00,instance,1,0.125,${PROJECT_A},,`,
          `2026-05-01T01:00:00,2026-05-01T02:00:00,instance,1,0.5,${PROJECT_A},,`,
          `2026-05-01T01:00:00,2026-05-01T02:00:00,instance,1,0.125,${PROJECT_B},,`,
          `2026-05-01T01:00:00,2026-05-01T02:00:00,storage,100,1,${PROJECT_A},,`,
        ])
      })

      test('in version 2, prints summaries and frames, and takes frames', async () => {
        const v2 = client(2)
        const file = join(cloud.folder, 'frames.json')
        const period = { begin: '2026-03-01T00:00:00Z', end: '2026-03-01T01:00:00Z' }
        const point = {
          vol: { unit: 'piece', qty: 3 },
          rating: { price: 4.5 },
          groupby: { project_id: 'pushed' },
          metadata: { product: 'db' },
        }
        await writeFile(file, JSON.stringify({ dataframes: [{ period, usage: { licence: [point] } }] }))

        const ofB = ['--filter', `project_id:${PROJECT_B}`]
        const [total, grouped, hourly, second, added, none] = await Promise.all([
          v2.text('summary get', ...MAY),
          v2.rows('summary get', ...MAY, '-g', 'project_id', '-g', 'type', '--filter', 'type:instance'),
          v2.rows('summary get', ...MAY, '-g', 'time', '-g', 'id', ...ofB),
          v2.rows('dataframes get', ...MAY, '--offset', '1', '--limit', '1', ...ofB),
          v2.text('dataframes add', file),
          v2.run('dataframes get', '--begin', '2020-01-01T00:00:00Z', '--end', '2020-02-01T00:00:00Z'),
        ])
        expect(total).toBe(`\
+---------------------------+---------------------------+-------+------+
| Begin                     | End                       |   Qty | Rate |
+---------------------------+---------------------------+-------+------+
| 2026-05-01T00:00:00+00:00 | 2026-06-01T00:00:00+00:00 | 206.0 |  3.5 |
+---------------------------+---------------------------+-------+------+
`)
        const month = { Begin: '2026-05-01T00:00:00+00:00', End: '2026-06-01T00:00:00+00:00' }
        expect(grouped).toEqual([
          { ...month, Qty: 4, Rate: 1.25, 'Project id': PROJECT_A, Type: 'instance' },
          { ...month, Qty: 2, Rate: 0.25, 'Project id': PROJECT_B, Type: 'instance' },
        ])
        const firstHour = { Begin: '2026-05-01T00:00:00+00:00', End: '2026-05-01T01:00:00+00:00' }
        const secondHour = { Begin: '2026-05-01T01:00:00+00:00', End: '2026-05-01T02:00:00+00:00' }
        expect(hourly).toEqual([firstHour, secondHour].map((hour) => ({ ...hour, Qty: 1, Rate: 0.125, Id: 'vm-3' })))
        expect(second).toEqual([
          {
            ...secondHour,
            'Metric Type': 'instance',
            Unit: 'instance',
            Quantity: 1,
            Price: 0.125,
            'Group By': `id="vm-3" project_id="${PROJECT_B}"`,
            Metadata: 'flavor_name="m1.small"',
          },
        ])
        // CloudKitty answers 404 where there is nothing, and so the client fails.
        expect(none).toMatchObject({ status: 1, stdout: '' })
        expect(none.stderr).toContain('No resource found for provided filters.')

        expect(added).toBe('')
        expect(await v2.text('dataframes get', '--begin', period.begin, '--end', '2026-04-01T00:00:00Z')).toBe(`\
+---------------------------+---------------------------+-------------+-------+----------+-------+---------------------+--------------+
| Begin                     | End                       | Metric Type | Unit  | Quantity | Price | Group By            | Metadata     |
+---------------------------+---------------------------+-------------+-------+----------+-------+---------------------+--------------+
| 2026-03-01T00:00:00+00:00 | 2026-03-01T01:00:00+00:00 | licence     | piece |      3.0 |   4.5 | project_id="pushed" | product="db" |
+---------------------------+---------------------------+-------------+-------+----------+-------+---------------------+--------------+
`)
      })

      test('in version 2, has the past rated again', async () => {
        const v2 = client(2)
        const window = [
          '--start-reprocess-time',
          '2026-05-01T00:00:00Z',
          '--end-reprocess-time',
          '2026-05-01T01:00:00Z',
        ]
        const task = ['--scope-id', PROJECT_A, '--scope-id', PROJECT_B, ...window, '--reason', 'wrong price']
        // The client prints the names of the answer's attributes, and CloudKitty's answer has none.
        expect(await v2.rows('tasks reprocessing create', ...task)).toEqual([])
        const [all, ofOne, overlap] = await Promise.all([
          v2.rows('tasks reprocessing get', '--order', 'ASC'),
          v2.rows('tasks reprocessing get', '--scope-id', PROJECT_B, '--scope-id', 'other'),
          v2.run('tasks reprocessing create', ...task),
        ])
        const listed = (project: string): Row => ({
          'Scope ID': project,
          Reason: 'wrong price',
          'Start reprocessing time': '2026-05-01T00:00:00',
          'End reprocessing time': '2026-05-01T01:00:00',
          'Current reprocessing time': '',
        })
        expect(all).toEqual([listed(PROJECT_A), listed(PROJECT_B)])
        expect(ofOne).toEqual([listed(PROJECT_B)])
        expect(overlap).toMatchObject({ status: 1, stdout: '' })
        expect(overlap.stderr).toContain('(HTTP 400)')
      })
    })

    // After the tests above, which count on the points that this one takes back.
    test('in version 2, shows scopes, changes them and sets them back', async () => {
      const v2 = client(2)
      const columns = { 'Scope Key': 'project_id', Collector: 'samples', Fetcher: 'source' }
      const a = { 'Scope ID': PROJECT_A, ...columns, State: '2026-05-01T01:00:00+00:00' }
      const b = { 'Scope ID': PROJECT_B, ...columns, State: '2026-05-01T01:00:00+00:00' }
      const [all, ofOther] = await Promise.all([
        v2.rows('scope state get', '--scope-id', PROJECT_B, '--scope-id', PROJECT_A, '--fetcher', 'source'),
        v2.run('scope state get', '--collector', 'gnocchi'),
      ])
      expect(all).toEqual([a, b])
      expect(ofOther.stderr).toContain('No resource found for provided filters.')

      const [reset, patched] = await Promise.all([
        v2.text('scope state reset', '--scope-id', PROJECT_B, '2026-05-01T00:00:00Z'),
        v2.run('scope patch', '--scope-id', PROJECT_A, '--active', 'false', '--fetcher', 'keystone'),
      ])
      expect(reset).toBe('')
      // The client takes the changed scope for an exit status: Python then prints it as an error and ends with 1.
      expect(patched).toMatchObject({ status: 1, stdout: '' })
      expect(patched.stderr).toContain(`{'scope_id': '${PROJECT_A}', 'scope_key': 'project_id', 'fetcher': 'keystone'`)
      expect(patched.stderr).toContain("'active': False")

      const [after, left] = await Promise.all([
        v2.rows('scope state get'),
        v2.rows('summary get', ...MAY, '-g', 'project_id'),
      ])
      expect(after).toEqual([
        { ...a, Fetcher: 'keystone' },
        { ...b, State: '2026-05-01T00:00:00+00:00' },
      ])
      expect(left).toMatchObject([{ 'Project id': PROJECT_A, Rate: 3.25 }])
    })

    test.each(API_VERSIONS)('the tests above run every subcommand of version %i', async (version) => {
      const subcommands = await client(version).subcommands()
      expect(subcommands.length).toBeGreaterThan(40)
      expect(subcommands.filter((subcommand) => !client(version).used.has(subcommand))).toEqual([])
    })
  },
)

/** As v1 prints a decimal: with all the places that its column keeps. */
function decimal(text: string, places: number): string {
  const [whole, part = ''] = text.split('.')
  return `${whole}.${part.padEnd(places, '0')}`
}

function resource(labels: Record<string, string>, rating: string, perUnit: string): Row {
  return {
    service: 'instance',
    desc: { ...labels, project_id: PROJECT_A },
    volume: '1',
    rating,
    rate_value: perUnit,
  }
}
