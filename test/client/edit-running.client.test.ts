import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { API_VERSIONS, CloudkittyCommand, whyNoCloudkitty } from './cloudkitty-command.ts'
import { type RatedCloud, startRatedCloud } from './start-rated-cloud.ts'

const CONFIG = '/v1/rating/module_config'
const TIMEOUT_MS = 5 * 60_000

const absent = whyNoCloudkitty()

describe.skipIf(absent)(
  `the cloudkitty command of python-cloudkittyclient where edit_running is new_version ${absent ?? ''}`,
  { timeout: TIMEOUT_MS },
  () => {
    let cloud: RatedCloud
    beforeAll(async () => {
      const sections = '[hashmap]\nedit_running = new_version\n[pyscripts]\nedit_running = new_version'
      cloud = await startRatedCloud({ sections })
    })
    afterAll(async () => {
      await cloud?.[Symbol.asyncDispose]()
    })

    async function create(path: string, body: unknown): Promise<Record<string, string>> {
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(cloud.url + CONFIG + path, { method: 'POST', headers, body: JSON.stringify(body) })
      if (!reply.ok) throw new Error(`POST ${path}: ${reply.status} ${await reply.text()}`)
      return (await reply.json()) as Record<string, string>
    }

    test.each(API_VERSIONS)('speaking version %i, it changes the prices of rules that are running', async (version) => {
      const env = { OS_AUTH_TYPE: 'cloudkitty-noauth', OS_ENDPOINT: cloud.url }
      await using client = new CloudkittyCommand(version, cloud.folder, env)
      const { service_id } = await create('/hashmap/services', { name: `edited-${version}` })
      const { mapping_id: mappingId = '' } = await create('/hashmap/mappings', { service_id, cost: 1 })
      const { threshold_id: thresholdId = '' } = await create('/hashmap/thresholds', { service_id, cost: 1, level: 1 })
      const { script_id: scriptId = '' } = await create('/pyscripts/scripts', { name: `s-${version}`, data: 'pass' })
      const mapping = await client.row('hashmap mapping update', mappingId, '--cost', '0.25')
      expect(mapping).toMatchObject({ 'Mapping ID': mappingId, Cost: '0.2500000000000000000000000000' })
      const threshold = await client.row('hashmap threshold update', thresholdId, '--cost', '0.5')
      expect(threshold).toMatchObject({ 'Threshold ID': thresholdId, Cost: '0.5000000000000000000000000000' })
      await client.row('pyscript update', scriptId, '--data', 'other')
      const script = await fetch(`${cloud.url}${CONFIG}/pyscripts/scripts/${scriptId}`)
      expect(await script.json()).toMatchObject({ script_id: scriptId, name: `s-${version}`, end: null })
      const rules = await client.rows('hashmap mapping list', '--service-id', service_id!)
      expect(rules).toMatchObject([{ 'Mapping ID': mappingId, Cost: '0.2500000000000000000000000000' }])
    })
  },
)
