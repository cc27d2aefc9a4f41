import type { CollectorPlugin } from '../collectors/collector.ts'
import type { FetcherPlugin } from '../fetchers/fetcher.ts'
import type { Fault } from '../lib/fault.ts'
import type { PointStorePlugin } from '../storage/point-store.ts'
import type { Chosen } from './choose-plugins.ts'
import type { ConfigFault } from './config-fault.ts'
import type { Options, SectionName } from './options.ts'
import type { Settings } from './settings.ts'

/** What was read without a fault, and is not opened yet. Paths are absolute. */
export interface Unopened {
  readonly options: { readonly [Name in SectionName]: Options[Name] | undefined }
  readonly collector: Chosen<CollectorPlugin> | undefined
  readonly fetcher: Chosen<FetcherPlugin> | undefined
  readonly store: Chosen<PointStorePlugin> | undefined
}

/** The fault of something that could not be made, whose message begins with section and option, by the place where these stand. */
export function toConfigFault({ message }: Fault, settings: Settings): ConfigFault {
  const [, section, option, reason] = /^\[(\w+)\](?: (\w+))?: (.*)$/s.exec(message) ?? []
  const setting = section !== undefined && option !== undefined ? settings.get(section, option) : undefined
  const where = setting?.where ?? (section && settings.whereSection(section)) ?? settings.files.at(-1) ?? 'default'
  if (section === undefined) return { where, path: '', reason: message }
  return { where, path: `[${section}]${option === undefined ? '' : ` ${option}`}`, reason: reason! }
}
