import type { z } from 'zod'
import type { SampleReader } from '../domain/sample.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { SourceObserver } from '../sources/http/source-client.ts'

/** Finds out which scopes there are. */
export interface Fetcher extends AsyncDisposable {
  /** Ids of all scopes that are to be rated, distinct, in no particular order. Throws a `Fault` when it cannot tell. */
  scopes(signal: AbortSignal): Promise<string[]>
}

export interface FetcherContext {
  readonly scopeKey: string
  /** Only the `samples` fetcher reads these. */
  readonly samples: SampleReader
  snapshot(): Promise<Snapshot>
  /** Told of every HTTP exchange with a source, for counters. */
  readonly onSourceExchange?: SourceObserver
}

export interface FetcherPlugin<Options = unknown> {
  readonly name: string
  /** Its section of cloudkitty.conf (`fetcher_<name>`), read as text values by option name. */
  readonly options: z.ZodType<Options>
  create(options: Options, context: FetcherContext): Fetcher | Promise<Fetcher>
}
