import { Decimal } from '../domain/decimal.ts'
import type { Period } from '../domain/period.ts'
import type { Sample } from '../domain/sample.ts'
import { seededRandom } from '../lib/seeded-random.ts'
import { FLAVORS, PROJECTS, type Life, type MadeUpProject } from './made-up-projects.ts'

const HOUR_SECONDS = 3600
const MEGABYTE = 1_000_000
const MEBIBYTE = 1_048_576

/** Traffic by the hour of the day, UTC, in percent of the average hour. */
const DAY_CURVE = [
  35, 25, 20, 18, 20, 30, 55, 85, 110, 125, 130, 135, 140, 135, 130, 130, 135, 145, 165, 185, 180, 150, 100, 60,
]
const WEEKEND_PERCENT = 70

/**
 * Hourly readings of a made-up cloud, one of each thing at each full hour of the period, in order of time. A reading
 * depends on the fixed seed and its hour alone: whoever asks for an hour, in whatever period, gets the same values,
 * so that a later start adds the hours that are new to what was imported before.
 */
export function* madeUpCloud({ begin, end }: Period): Iterable<Sample> {
  const things = PROJECTS.flatMap(toThings)
  for (let hour = Math.ceil(begin / HOUR_SECONDS); hour * HOUR_SECONDS < end; hour++) {
    for (const thing of things) yield* thing(hour)
  }
}

/** What a thing reads in an hour (counted from the epoch): nothing when it does not exist then. */
type Thing = (hour: number) => Iterable<Sample>

function toThings(project: MadeUpProject): Thing[] {
  const sample = (name: string, hour: number, value: number, id: string, labels: Record<string, string>): Sample => ({
    name,
    at: hour * HOUR_SECONDS,
    value: new Decimal(BigInt(value), 0),
    labels: { project_id: project.id, id, ...labels },
  })

  const instances = project.instances.flatMap((spec) => {
    const { vcpus, ramMib } = FLAVORS[spec.flavor]
    const labels = {
      flavor_name: spec.flavor,
      vcpus: String(vcpus),
      ram_mib: String(ramMib),
      os_type: spec.osType,
    }
    return copies(spec.count, `${project.id}/instance/${spec.name}`, (key): Thing => {
      const idAt = lifetime(key, spec.life)
      return function* (hour) {
        const id = idAt(hour)
        if (id === undefined) return
        yield sample('instance', hour, 1, id, labels)
        yield sample('network.outgoing.bytes', hour, trafficBytes(`${id}/out`, spec.outgoingMb, hour), id, {})
        yield sample('network.incoming.bytes', hour, trafficBytes(`${id}/in`, spec.incomingMb, hour), id, {})
      }
    })
  })

  const volumes = project.volumes.flatMap(({ name, count, type, sizeGib, growth }) =>
    copies(count, `${project.id}/volume/${name}`, (key): Thing => {
      const cycleHours = growth ? growth.everyHours * growth.steps : Infinity
      const idAt = lifetime(key, { cycleHours, startHours: [0, 0], lifeHours: [Infinity, Infinity] })
      const { phase } = cycleOf(key, cycleHours)
      return function* (hour) {
        const step = growth ? Math.floor((hour + phase) / growth.everyHours) % growth.steps : 0
        yield sample('volume.size', hour, sizeGib + step * (growth?.stepGib ?? 0), idAt(hour)!, { volume_type: type })
      }
    }),
  )

  const images = project.images.flatMap(({ name, count, diskFormat, sizeMib, life }) =>
    copies(count, `${project.id}/image/${name}`, (key): Thing => {
      const idAt = lifetime(key, life)
      return function* (hour) {
        const id = idAt(hour)
        if (id !== undefined) yield sample('image.size', hour, sizeMib * MEBIBYTE, id, { disk_format: diskFormat })
      }
    }),
  )

  const addresses = project.addresses.flatMap(({ name, count, life }) =>
    copies(count, `${project.id}/address/${name}`, (key): Thing => {
      const idAt = lifetime(key, life)
      return function* (hour) {
        const id = idAt(hour)
        if (id !== undefined) yield sample('ip.floating', hour, 1, id, {})
      }
    }),
  )

  return [...instances, ...volumes, ...images, ...addresses]
}

function copies(count: number, key: string, make: (key: string) => Thing): Thing[] {
  return Array.from({ length: count }, (_, i) => make(`${key}/${i}`))
}

/** The id of the thing that lives in an hour, if one does. Remembers the cycle it was asked for last. */
function lifetime(key: string, life: Life | undefined): (hour: number) => string | undefined {
  if (!life) return lifetime(key, { cycleHours: Infinity, startHours: [0, 0], lifeHours: [Infinity, Infinity] })
  const { phase, cycleAt } = cycleOf(key, life.cycleHours)
  let cycle = -1
  let id = ''
  let begin = 0
  let end = 0
  return (hour) => {
    if (cycleAt(hour) !== cycle) {
      cycle = cycleAt(hour)
      const random = seededRandom(`${key}/${cycle}`)
      id = uuid(random)
      begin = (cycle === 0 ? 0 : cycle * life.cycleHours - phase) + between(life.startHours, random)
      end = begin + between(life.lifeHours, random)
    }
    return hour >= begin && hour < end ? id : undefined
  }
}

/**
 * Cycles longer than a day begin at an hour of their own, so that not everything changes at once; those of a day or
 * less keep to the clock.
 */
function cycleOf(key: string, cycleHours: number): { phase: number; cycleAt: (hour: number) => number } {
  if (cycleHours === Infinity) return { phase: 0, cycleAt: () => 0 }
  const phase = cycleHours > 24 ? between([0, cycleHours - 1], seededRandom(`${key}/phase`)) : 0
  return { phase, cycleAt: (hour) => Math.floor((hour + phase) / cycleHours) }
}

function trafficBytes(key: string, averageMb: number, hour: number): number {
  const dayOfWeek = (Math.floor(hour / 24) + 4) % 7 // The epoch was a Thursday.
  const weekPercent = dayOfWeek === 0 || dayOfWeek === 6 ? WEEKEND_PERCENT : 100
  const luckPercent = between([60, 140], seededRandom(`${key}/${hour}`))
  const percents = DAY_CURVE[hour % 24]! * weekPercent * luckPercent
  return Math.floor((averageMb * MEGABYTE * percents) / 1_000_000)
}

/** A whole number from the first to the last, both included. */
function between([first, last]: readonly [number, number], random: () => number): number {
  return last === Infinity ? Infinity : first + Math.floor(random() * (last - first + 1))
}

function uuid(random: () => number): string {
  const hex = Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('')
  // The marks of a version 4 UUID, so that it reads as one.
  const marked = `${hex.slice(0, 12)}4${hex.slice(13, 16)}a${hex.slice(17)}`
  return [0, 8, 12, 16, 20].map((from, i, all) => marked.slice(from, all[i + 1])).join('-')
}
