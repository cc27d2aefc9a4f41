import type { SampleReader } from '../domain/sample.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Plugin } from '../lib/plugin.ts'
import type { Probe } from '../lib/probe.ts'
import type { SourceObserver } from '../sources/http/source-client.ts'

/** Finds out which scopes there are. */
export interface Fetcher extends AsyncDisposable {
  /** Ids of all scopes that are to be rated, distinct, in no particular order. Throws a `Fault` when it cannot tell. */
  scopes(signal: AbortSignal): Promise<string[]>
  /** For whoever wonders why there are none. */
  readonly whenNone?: WhenNone
  /** For `check-config --connect`: what shows that its source answers. Absent: it has none. */
  readonly probe?: Probe | undefined
}

/** What a fetcher asked, and what to do when it names no scope at all. */
export interface WhenNone {
  /** As after "asked for": `the projects in Keystone on which user x has the role rating`. */
  readonly asked: string
  /** A sentence, without its full stop: which command or option helps. */
  readonly remedy: string
}

export interface FetcherContext {
  readonly scopeKey: string
  /** Only the `samples` fetcher reads these. */
  readonly samples: SampleReader
  snapshot(): Promise<Snapshot>
  /** Told of every HTTP exchange with a source, for counters. */
  readonly onSourceExchange?: SourceObserver
}

/** A fetcher as its folder defines it. Its section is `[fetcher_<name>]`. */
export type FetcherDefinition<Options> = Plugin<FetcherContext, Fetcher, Options>

/** A fetcher whose options only itself knows. */
export type FetcherPlugin = FetcherDefinition<unknown>

export function defineFetcher<Options>(definition: FetcherDefinition<Options>): FetcherPlugin {
  return definition
}
