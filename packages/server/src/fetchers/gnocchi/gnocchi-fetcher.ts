import { attributeText } from '../../domain/series.ts'
import type { GnocchiClient, ResourceSearch } from '../../sources/gnocchi/gnocchi-client.ts'
import type { Source } from '../../sources/http/source-client.ts'
import { fetchFailed } from '../fetch-failed.ts'
import type { Fetcher, WhenNone } from '../fetcher.ts'

export interface GnocchiFetcherOptions {
  readonly scope_attribute: string
  readonly resource_types: readonly string[]
}

/** Attributes that every resource has; to see others of a general type, Gnocchi must look into the particular ones. */
const GENERAL = new Set(['id', 'project_id', 'user_id', 'type', 'creator', 'original_resource_id'])

/** The scopes that have a resource in Gnocchi, whether it still runs or not. */
export class GnocchiFetcher implements Fetcher {
  readonly #source: Source
  readonly #client: GnocchiClient
  readonly #options: GnocchiFetcherOptions

  /** The source is the fetcher's own from now on. */
  constructor(source: Source, client: GnocchiClient, options: GnocchiFetcherOptions) {
    this.#source = source
    this.#client = client
    this.#options = options
  }

  async scopes(signal: AbortSignal): Promise<string[]> {
    const { scope_attribute: attribute, resource_types: types } = this.#options
    const found = new Set<string>()
    for (const resourceType of types) {
      try {
        for await (const page of this.#client.resources(toSearch(resourceType, attribute), signal)) {
          for (const row of page) {
            const scope = attributeText(row[attribute])
            if (scope !== '') found.add(scope)
          }
        }
      } catch (error) {
        throw fetchFailed(error, `attribute: ${attribute} of ${resourceType}`, { resourceType })
      }
    }
    return [...found]
  }

  get whenNone(): WhenNone {
    const { scope_attribute: attribute, resource_types: types } = this.#options
    return {
      asked: `the values of ${attribute} of the resources of type ${types.join(', ')} in Gnocchi`,
      remedy: `see what there is with "gnocchi resource list --type ${types[0] ?? 'generic'}", and set [fetcher_gnocchi] scope_attribute and resource_types to it`,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }
}

/** Resources without the attribute are left out by Gnocchi where it can. */
function toSearch(resourceType: string, attribute: string): ResourceSearch {
  const general = GENERAL.has(attribute)
  const search = general ? { '!=': { [attribute]: null } } : undefined
  return { resourceType, search, details: !general, attributes: [attribute], sort: ['id:asc'] }
}
