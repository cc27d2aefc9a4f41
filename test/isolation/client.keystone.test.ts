import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type CloudUser,
  KEYSTONE_START_MS,
  ownKeystone,
  type RunningKeystone,
  whyNoKeystone,
} from '../../packages/server/src/auth/testing/start-keystone.ts'
import { CloudkittyCommand, whyNoCloudkitty } from '../client/cloudkitty-command.ts'
import { type RatedCloud, startRatedCloud } from '../client/start-rated-cloud.ts'

const absent = whyNoKeystone() ?? whyNoCloudkitty()
const MAY = ['--begin', '2026-05-01T00:00:00Z', '--end', '2026-06-01T00:00:00Z'] as const

describe.skipIf(absent !== undefined)(`the cloudkitty command and a real Keystone ${absent ?? ''}`, () => {
  let keystone: RunningKeystone & AsyncDisposable
  let cloud: RatedCloud

  beforeAll(async () => {
    keystone = await ownKeystone()
    const auth = `auth_strategy = keystone
[keystone_authtoken]
auth_url = ${keystone.url}
username = cloudkitty
password = secret-cloudkitty
user_domain_id = default
project_name = service
project_domain_id = default`
    cloud = await startRatedCloud({ auth })
    await announce()
    await pushFor(keystone.cloud.projects.A, 3.25)
    await pushFor(keystone.cloud.projects.B, 777.5)
  }, 2 * KEYSTONE_START_MS)

  afterAll(async () => {
    await cloud?.[Symbol.asyncDispose]()
    await keystone?.[Symbol.asyncDispose]()
  })

  /** Puts the service's address into the catalog, where the type is `rating`. */
  async function announce(): Promise<void> {
    const { services } = (await keystone.asAdmin('GET', '/services?type=rating')) as { services: { id: string }[] }
    const { endpoints } = (await keystone.asAdmin('GET', `/endpoints?service_id=${services[0]!.id}`)) as {
      endpoints: { id: string }[]
    }
    for (const { id } of endpoints) {
      // oxlint-disable-next-line no-await-in-loop -- three of them
      await keystone.asAdmin('PATCH', `/endpoints/${id}`, { endpoint: { url: cloud.url } })
    }
  }

  async function pushFor(project_id: string, price: number): Promise<void> {
    const point = { vol: { unit: 'GiB', qty: 1 }, rating: { price }, groupby: { project_id, id: 'x' }, metadata: {} }
    const period = { begin: '2026-05-20T00:00:00+00:00', end: '2026-05-20T01:00:00+00:00' }
    const token = await keystone.token('admin', { project: 'A' })
    const reply = await fetch(`${cloud.url}/v2/dataframes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-auth-token': token },
      body: JSON.stringify({ dataframes: [{ period, usage: { volume: [point] } }] }),
    })
    expect(reply.status).toBe(204)
  }

  const as = (user: CloudUser, project: 'A' | 'B') =>
    new CloudkittyCommand(2, cloud.folder, {
      OS_AUTH_TYPE: 'password',
      OS_AUTH_URL: keystone.url,
      OS_USERNAME: user,
      OS_PASSWORD: `secret-${user}`,
      OS_USER_DOMAIN_ID: 'default',
      OS_PROJECT_ID: keystone.cloud.projects[project],
      OS_REGION_NAME: 'RegionOne',
    })

  test('finds the service in the catalog, and shows each user what is theirs', async () => {
    const { A, B } = keystone.cloud.projects
    const summary = ['summary get', '--groupby', 'project_id', '--filter', 'type:volume', ...MAY] as const
    const rates = async (user: CloudUser, project: 'A' | 'B') => {
      await using client = as(user, project)
      return (await client.rows(...summary)).map((row) => [row['Project id'], row['Rate']] as const)
    }
    expect(await rates('reader', 'A')).toEqual([[A, 3.25]])
    expect(await rates('outsider', 'B')).toEqual([[B, 777.5]])
    expect(new Map(await rates('admin', 'A'))).toEqual(
      new Map([
        [A, 3.25],
        [B, 777.5],
      ]),
    )
  })

  test('tells a user what is not for them', async () => {
    await using reader = as('reader', 'A')
    const { status, stderr, stdout } = await reader.run('scope state get')
    expect(status).toBe(1)
    expect(`${stderr}${stdout}`).toContain('You are not authorized to perform this action')
    await using auditor = as('auditor', 'A')
    expect((await auditor.run('summary get')).status).toBe(1)
  })
})
