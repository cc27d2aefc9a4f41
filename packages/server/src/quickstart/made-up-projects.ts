/** From when to when a thing lives, within each of its cycles; without one it lives for ever. */
export interface Life {
  /** Each cycle brings a new thing with a new id. */
  readonly cycleHours: number
  /** Hours into the cycle, drawn between the two. */
  readonly startHours: readonly [number, number]
  /** Hours that it lives, drawn between the two; cut at the cycle's end. */
  readonly lifeHours: readonly [number, number]
}

interface MadeUpInstances {
  readonly name: string
  readonly count: number
  readonly flavor: keyof typeof FLAVORS
  readonly osType: 'linux' | 'windows'
  readonly life?: Life
  /** Megabytes sent and received in an average hour. */
  readonly outgoingMb: number
  readonly incomingMb: number
}

interface MadeUpVolumes {
  readonly name: string
  readonly count: number
  readonly type: 'hdd' | 'ssd' | 'nvme'
  readonly sizeGib: number
  /** A volume cannot shrink: after so many steps it is replaced by a new one of the first size. */
  readonly growth?: { readonly everyHours: number; readonly stepGib: number; readonly steps: number }
}

interface MadeUpImages {
  readonly name: string
  readonly count: number
  readonly diskFormat: 'qcow2' | 'raw'
  readonly sizeMib: number
  readonly life?: Life
}

interface MadeUpAddresses {
  readonly name: string
  readonly count: number
  readonly life?: Life
}

export interface MadeUpProject {
  readonly id: string
  readonly instances: readonly MadeUpInstances[]
  readonly volumes: readonly MadeUpVolumes[]
  readonly images: readonly MadeUpImages[]
  readonly addresses: readonly MadeUpAddresses[]
}

export const FLAVORS = {
  'm1.tiny': { vcpus: 1, ramMib: 512 },
  'm1.small': { vcpus: 1, ramMib: 2_048 },
  'm1.medium': { vcpus: 2, ramMib: 4_096 },
  'm1.large': { vcpus: 4, ramMib: 8_192 },
  'c1.xlarge': { vcpus: 16, ramMib: 32_768 },
  'g1.gpu': { vcpus: 8, ramMib: 65_536 },
} as const

const DAY = 24
const OFFICE_HOURS: Life = { cycleHours: DAY, startHours: [6, 8], lifeHours: [11, 14] }

/** The five customers of the sample cloud, each with a habit that shows in its bill. */
export const PROJECTS: readonly MadeUpProject[] = [
  {
    // Builds software: many small machines that live for some hours.
    id: 'ci-runners',
    instances: [
      { name: 'controller', count: 1, flavor: 'm1.medium', osType: 'linux', outgoingMb: 40, incomingMb: 260 },
      {
        name: 'runner',
        count: 6,
        flavor: 'm1.tiny',
        osType: 'linux',
        life: { cycleHours: 12, startHours: [0, 6], lifeHours: [2, 6] },
        outgoingMb: 25,
        incomingMb: 700,
      },
    ],
    volumes: [{ name: 'cache', count: 1, type: 'ssd', sizeGib: 100 }],
    images: [{ name: 'runner', count: 2, diskFormat: 'qcow2', sizeMib: 2_350 }],
    addresses: [{ name: 'controller', count: 1 }],
  },
  {
    // An office: Windows machines, and a laboratory that is switched off at night.
    id: 'intranet',
    instances: [
      { name: 'files', count: 1, flavor: 'm1.large', osType: 'windows', outgoingMb: 350, incomingMb: 300 },
      { name: 'directory', count: 2, flavor: 'm1.small', osType: 'windows', outgoingMb: 20, incomingMb: 20 },
      {
        name: 'desktop',
        count: 3,
        flavor: 'm1.medium',
        osType: 'windows',
        life: OFFICE_HOURS,
        outgoingMb: 60,
        incomingMb: 240,
      },
    ],
    volumes: [
      {
        name: 'shares',
        count: 1,
        type: 'hdd',
        sizeGib: 800,
        growth: { everyHours: 10 * DAY, stepGib: 100, steps: 6 },
      },
    ],
    images: [{ name: 'desktop', count: 1, diskFormat: 'raw', sizeMib: 40_960 }],
    addresses: [{ name: 'gateway', count: 1 }],
  },
  {
    // Streams films: large machines for some days at a time, and a lot of traffic.
    id: 'media',
    instances: [
      { name: 'stream', count: 2, flavor: 'm1.large', osType: 'linux', outgoingMb: 9_000, incomingMb: 400 },
      {
        name: 'encoder',
        count: 2,
        flavor: 'c1.xlarge',
        osType: 'linux',
        life: { cycleHours: 4 * DAY, startHours: [0, 30], lifeHours: [24, 66] },
        outgoingMb: 800,
        incomingMb: 1_600,
      },
    ],
    volumes: [
      {
        name: 'library',
        count: 2,
        type: 'hdd',
        sizeGib: 2_000,
        growth: { everyHours: 7 * DAY, stepGib: 250, steps: 8 },
      },
      { name: 'scratch', count: 1, type: 'nvme', sizeGib: 400 },
    ],
    images: [{ name: 'encoder', count: 1, diskFormat: 'qcow2', sizeMib: 5_120 }],
    addresses: [{ name: 'stream', count: 2 }],
  },
  {
    // A laboratory with a rebate: graphics processors by the job.
    id: 'research',
    instances: [
      { name: 'login', count: 1, flavor: 'm1.small', osType: 'linux', outgoingMb: 30, incomingMb: 90 },
      {
        name: 'job',
        count: 3,
        flavor: 'g1.gpu',
        osType: 'linux',
        life: { cycleHours: 5 * DAY, startHours: [0, 60], lifeHours: [10, 60] },
        outgoingMb: 120,
        incomingMb: 900,
      },
    ],
    volumes: [
      {
        name: 'datasets',
        count: 1,
        type: 'ssd',
        sizeGib: 500,
        growth: { everyHours: 6 * DAY, stepGib: 200, steps: 10 },
      },
    ],
    images: [
      {
        name: 'snapshot',
        count: 2,
        diskFormat: 'raw',
        sizeMib: 16_384,
        life: { cycleHours: 8 * DAY, startHours: [0, 24], lifeHours: [72, 168] },
      },
    ],
    addresses: [{ name: 'login', count: 1 }],
  },
  {
    // Sells things: web servers that come and go with the customers' day.
    id: 'web-shop',
    instances: [
      { name: 'web', count: 2, flavor: 'm1.medium', osType: 'linux', outgoingMb: 1_500, incomingMb: 220 },
      {
        name: 'web-extra',
        count: 3,
        flavor: 'm1.medium',
        osType: 'linux',
        life: OFFICE_HOURS,
        outgoingMb: 1_300,
        incomingMb: 190,
      },
      { name: 'database', count: 1, flavor: 'c1.xlarge', osType: 'linux', outgoingMb: 600, incomingMb: 450 },
    ],
    volumes: [
      {
        name: 'database',
        count: 1,
        type: 'nvme',
        sizeGib: 200,
        growth: { everyHours: 12 * DAY, stepGib: 50, steps: 8 },
      },
      { name: 'backup', count: 1, type: 'hdd', sizeGib: 600 },
    ],
    images: [{ name: 'web', count: 2, diskFormat: 'qcow2', sizeMib: 1_536 }],
    addresses: [
      { name: 'balancer', count: 2 },
      { name: 'campaign', count: 1, life: { cycleHours: 10 * DAY, startHours: [24, 96], lifeHours: [48, 120] } },
    ],
  },
]
