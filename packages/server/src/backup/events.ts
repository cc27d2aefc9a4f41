import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { countFamily } from '../lib/count-family.ts'

export type BackupEvents = ReturnType<typeof backupEvents>

/**
 * What happens to backups and is worth knowing: each event is counted and logged here and nowhere else, so that `/metrics` and
 * the log never disagree.
 */
export function backupEvents(log: Pick<Logger, 'info' | 'warn'>, registry: Registry) {
  const backups = countFamily(
    registry,
    'cloudtabby_backups_total',
    'Backups that this process was asked for, by outcome',
    ['outcome'],
  )
  return {
    begun(folder: string): void {
      log.info({ folder }, 'a backup begins')
    },

    made(folder: string, points: number): void {
      backups.inc({ outcome: 'done' })
      log.info({ folder, points }, 'a backup is made')
    },

    notMade(folder: string, error: unknown): void {
      backups.inc({ outcome: 'failed' })
      log.warn({ err: error, folder }, 'a backup was not made')
    },

    notRemoved(folder: string, error: unknown): void {
      log.warn({ err: error, folder }, 'what is left of a backup that failed could not be removed')
    },

    holdNotProlonged(error: unknown): void {
      log.warn({ err: error }, 'a backup could not prolong its hold of the sweep')
    },

    /** No backups can be asked for while this process runs. */
    cannotListen(path: string): void {
      log.warn({ path }, 'the path is too long for a socket: no backups while this process runs')
    },
  }
}
