import { createHash } from 'node:crypto'
import { seededRandom } from '../../lib/seeded-random.ts'
import type { CloudResource, CloudTypes } from './start-gnocchi.ts'

/** The cloud's one day begins here. */
export const CLOUD_BEGIN = Date.UTC(2026, 5, 1) / 1000
export const CLOUD_HOURS = 24
/** Seconds between two samples: two in each of Gnocchi's finest buckets. */
const STEP = 150

export const CLOUD_SCOPES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon']
/** Each means something in a URL, in JSON, in SQL or in Python. */
export const ODD_SCOPES = ['two words', 'quo"te', "apo'strophe", 'a&b=c', '100%', 'back\\slash', '東京', 'None']

export const CLOUD_TYPES: CloudTypes = {
  instance: { flavor_name: 'string', vcpus: 'number', spot: 'bool', host: 'string' },
  volume: { volume_type: 'string' },
  image: { disk_format: 'string' },
  port: { instance_id: 'string' },
  network: { state: 'string' },
  account: {},
}

/** What CloudKitty's own metrics.yml collects from Gnocchi, with the types above. */
export const CLOUD_METRICS = [
  { name: 'cpu', type: 'instance' },
  { name: 'volume.size', type: 'volume' },
  { name: 'image.size', type: 'image' },
  { name: 'network.outgoing.bytes', type: 'port' },
  { name: 'network.incoming.bytes', type: 'port' },
  { name: 'ip.floating', type: 'network' },
  { name: 'radosgw.objects.size', type: 'account' },
] as const

/**
 * A cloud that is the same in every run: resources of every kind in every scope, some that come or go within the day, that
 * change, or that have gaps. Values have few binary digits, so that Gnocchi's sums and means of them are exact.
 */
export function gnocchiCloud({ scopes, perKind }: { scopes: readonly string[]; perKind: number }): CloudResource[] {
  return scopes.flatMap((scope) =>
    Object.keys(CLOUD_TYPES).flatMap((type) =>
      Array.from({ length: type === 'account' ? 1 : perKind }, (_, i) => toResource(scope, type, i)),
    ),
  )
}

function toResource(scope: string, type: string, i: number): CloudResource {
  const name = `${scope}/${type}/${i}`
  const random = seededRandom(name)
  const draw = (below: number): number => Math.floor(random() * below)
  const pick = <T>(...values: T[]): T => values[draw(values.length)]!
  // In quarters of an hour; the first of a kind is there all day.
  const [from, to] = i === 0 ? [0, 96] : [draw(3) === 0 ? draw(40) : 0, draw(3) === 0 ? 50 + draw(40) : 96]
  const startedAt = CLOUD_BEGIN + from * 900
  const endedAt = CLOUD_BEGIN + to * 900
  const samples: number[] = []
  for (let at = startedAt; at < endedAt; at += STEP) if (i === 0 || draw(12) > 0) samples.push(at)
  const attributes: Record<string, Record<string, string | number | boolean | null>> = {
    instance: {
      flavor_name: pick('small', 'large'),
      vcpus: pick(1, 8, 0.5, null),
      spot: pick(true, false, null),
      host: pick('a', 'b'),
    },
    volume: { volume_type: pick('ssd', 'hdd', null) },
    image: { disk_format: pick('qcow2', 'raw') },
    port: { instance_id: uuid(`${scope}/instance/${i}`) },
    network: { state: 'ACTIVE' },
    account: {},
  }
  const changed = Array.from({ length: type === 'instance' ? draw(3) : 0 }, (_, n) => ({
    at: startedAt + Math.floor(((n + 1) * (endedAt - startedAt)) / 3) + draw(1000),
    attributes: { flavor_name: `resized-${n}`, vcpus: 2 + n },
  }))
  const level = (1 + draw(1000)) / 8
  let out = 0
  let incoming = 0
  const values: Record<string, () => number> = {
    cpu: () => draw(80) / 8,
    'volume.size': () => level,
    'image.size': () => level * 1_048_576,
    'network.outgoing.bytes': () => (out += draw(1_000_000)),
    'network.incoming.bytes': () => (incoming += draw(1_000_000)),
    'ip.floating': () => 1,
    'radosgw.objects.size': () => level * 1_073_741_824,
  }
  const metrics = CLOUD_METRICS.filter((metric) => metric.type === type).map(
    (metric) => [metric.name, samples.map((at) => [at, values[metric.name]!()] as const)] as const,
  )
  return {
    type,
    id: uuid(name),
    scope,
    userId: `user-${draw(3)}`,
    startedAt,
    ...(to < 96 && { endedAt }),
    attributes: attributes[type]!,
    revisions: changed,
    metrics: Object.fromEntries(metrics),
  }
}

function uuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
