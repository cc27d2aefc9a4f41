import { rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PowerCutDisk } from '../../packages/server/src/lib/testing/power-cut-disk.ts'
import type { Semaphore } from '../../packages/server/src/lib/semaphore.ts'
import type { TcpProxy } from '../../packages/server/src/lib/testing/tcp-proxy.ts'
import { fillDisk } from './fill-disk.ts'
import { type Member, skewText } from './fleet.ts'
import { askHungrily } from './hungry.ts'
import { losePoints } from './lose-points.ts'
import type { FaultEvent, Layout } from './plan.ts'
import type { Pusher } from './pusher.ts'
import type { Reader } from './reader.ts'
import type { Rig } from './rig.ts'
import { startSecond } from './second-process.ts'
import { pointsFile } from './stores.ts'

/** What faults are done to. */
export interface Targets {
  readonly members: ReadonlyMap<string, Member>
  /** The one whose API is asked, and the only one where stores are embedded. */
  readonly api: Member
  readonly links: ReadonlyMap<string, TcpProxy>
  readonly layout: Layout
  readonly rig: Rig
  readonly folder: string
  readonly disk: PowerCutDisk | undefined
  /** What a second process is started with, and what commands are run with while faults are on. */
  readonly config: readonly string[]
  readonly directConfig: readonly string[]
  /** What the clocks of all processes follow. */
  readonly clockFile: string
  readonly reader: Reader
  readonly pusher: Pusher | undefined
  readonly begin: number
  /** For who needs the embedded stores for themselves. */
  readonly turn: Semaphore
}

/** Resolves when the fault is lifted, with what must not have been. */
export async function inject(event: FaultEvent, targets: Targets): Promise<readonly string[]> {
  const { members, api, links, rig, folder } = targets
  await sleep(event.at)
  if ('link' in event) return none(links.get(event.link)!.hold(event.fault, event.for))
  switch (event.fault) {
    case 'kill':
      if (event.member === 'clickhouse') return none(rig.clickhouse!.killAndRestart(event.for))
      members.get(event.member)!.kill()
      return []
    case 'pause':
      return none(members.get(event.member)!.pause(event.for))
    case 'disk':
      return none(fillDisk(folder, event.for))
    case 'memory':
      return press(targets, event.for)
    case 'jump':
      return none(jump(targets.clockFile, event))
    case 'second':
      return withTurn(targets, () =>
        startSecond(api, event, {
          args: ['serve', ...targets.config],
          refusedBy: targets.layout === 'embedded' ? 'folder' : 'points',
        }),
      )
    case 'power':
      return withTurn(targets, () =>
        api.whileDown(async () => {
          await targets.disk!.cut()
          await sleep(event.for)
          return []
        }),
      )
    default:
      return withTurn(targets, () =>
        api.whileDown(async () => {
          const { reader, pusher } = targets
          const hasCounted = reader.hasSeen || (pusher?.counts.acknowledged ?? 0) > 0
          reader.lose()
          const context = { file: pointsFile(folder), config: targets.directConfig, hasCounted }
          const findings = await losePoints(event, context)
          pusher?.sendAgain()
          return findings
        }),
      )
  }
}

async function none(work: Promise<void>): Promise<readonly string[]> {
  await work
  return []
}

async function withTurn<T>({ turn }: Targets, work: () => Promise<T>): Promise<T> {
  const release = await turn.acquire(new AbortController().signal)
  try {
    return await work()
  } finally {
    release()
  }
}

async function press({ api, begin, layout, rig }: Targets, ms: number): Promise<readonly string[]> {
  const asking = askHungrily(() => api.address, { begin, ms })
  if (layout === 'servers') await rig.clickhouse!.press(ms)
  return asking
}

/** Hours ahead, for a while. */
async function jump(file: string, { hours, for: ms }: { readonly hours: number; readonly for: number }): Promise<void> {
  await setClocks(file, hours * 3600)
  await sleep(ms)
  await setClocks(file, 0)
}

/** Renamed, since the processes read it all the time. */
export async function setClocks(file: string, seconds: number): Promise<void> {
  await writeFile(`${file}.new`, skewText(seconds))
  await rename(`${file}.new`, file)
}
