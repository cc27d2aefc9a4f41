import { z } from 'zod'
import type { IdentityReply } from '../../sources/keystone/identity-client.ts'
import type { KeystoneSession } from '../../sources/keystone/session.ts'
import { Fault } from '../../lib/fault.ts'
import type { SourceObserver } from '../../sources/http/source-client.ts'
import type { Probe } from '../../lib/probe.ts'
import { fetchFailed } from '../fetch-failed.ts'
import type { Fetcher, WhenNone } from '../fetcher.ts'

export interface KeystoneFetcherOptions {
  readonly ignore_rating_role: boolean
  readonly ignore_disabled_tenants: boolean
}

export interface KeystoneFetcherNames {
  /** What the fetcher is called in messages and counters. */
  readonly source: string
  /** Whom it logs in as: `user cloudkitty`. */
  readonly user: string
  readonly onExchange: SourceObserver | undefined
}

const RATING_ROLE = 'rating'
/** Keystone gives as many rows a page as its `list_limit` says; without one, all at once. */
const PAGES_MAX = 10_000

const Links = z.object({ next: z.string().nullish() }).optional()
const Projects = z.object({
  projects: z.array(z.object({ id: z.string(), enabled: z.boolean().default(true) })),
  links: Links,
})
const Roles = z.object({ roles: z.array(z.object({ id: z.string(), name: z.string() })), links: Links })
const Assignments = z.object({
  role_assignments: z.array(
    z.object({
      scope: z.object({
        project: z.object({ id: z.string() }).optional(),
        // It is then for the projects below, not for this one.
        'OS-INHERIT:inherited_to': z.string().optional(),
      }),
    }),
  ),
  links: Links,
})

/**
 * The projects that Keystone has. As in CloudKitty's cloudkitty/fetcher/keystone.py, those on which our own user has the
 * role `rating` directly, not through a group or a domain; but asked for with one question instead of one per project.
 */
export class KeystoneFetcher implements Fetcher {
  readonly #session: KeystoneSession
  readonly #options: KeystoneFetcherOptions
  readonly #names: KeystoneFetcherNames

  /** The session is the fetcher's own from now on. */
  constructor(session: KeystoneSession, options: KeystoneFetcherOptions, names: KeystoneFetcherNames) {
    this.#session = session
    this.#options = options
    this.#names = names
  }

  async scopes(signal: AbortSignal): Promise<string[]> {
    const { ignore_rating_role: everyProject, ignore_disabled_tenants: enabledOnly } = this.#options
    try {
      const rated = everyProject ? undefined : await this.#ratedProjects(signal)
      // Only whether a project is enabled takes a second question.
      if (rated && (rated.size === 0 || !enabledOnly)) return [...rated]
      const projects = await this.#all(
        '/projects',
        new URLSearchParams(),
        Projects,
        ({ projects: page }) => page,
        signal,
      )
      const taken = projects.filter(({ id, enabled }) => (!rated || rated.has(id)) && (!enabledOnly || enabled))
      return [...new Set(taken.map(({ id }) => id))]
    } catch (error) {
      throw fetchFailed(error)
    }
  }

  /** Ids of the projects on which we have the role `rating`. */
  async #ratedProjects(signal: AbortSignal): Promise<Set<string>> {
    const named = await this.#all(
      '/roles',
      new URLSearchParams({ name: RATING_ROLE }),
      Roles,
      ({ roles }) => roles,
      signal,
    )
    const { userId } = await this.#session.token(signal)
    const projects = new Set<string>()
    // On some databases Keystone finds names whatever their letter case.
    for (const role of named.filter(({ name }) => name === RATING_ROLE)) {
      const query = new URLSearchParams({ 'user.id': userId, 'role.id': role.id })
      const assignments = await this.#all(
        '/role_assignments',
        query,
        Assignments,
        ({ role_assignments: page }) => page,
        signal,
      )
      for (const { scope } of assignments) {
        if (scope.project && scope['OS-INHERIT:inherited_to'] === undefined) projects.add(scope.project.id)
      }
    }
    return projects
  }

  /** All pages of a list. */
  async #all<Page extends { links?: z.output<typeof Links> }, Item>(
    path: string,
    query: URLSearchParams,
    schema: z.ZodType<Page>,
    items: (page: Page) => Item[],
    signal: AbortSignal,
  ): Promise<Item[]> {
    const all: Item[] = []
    let parameters = query
    for (let page = 0; page < PAGES_MAX; page++) {
      const reply = await this.#ask(path, parameters, signal)
      if (reply.status !== 200) throw this.#session.unexpected(reply, `GET ${path}`)
      const answer = schema.safeParse(reply.body)
      if (!answer.success) {
        throw this.#session.unexpected(reply, `GET ${path} with nonsense: ${z.prettifyError(answer.error)}`)
      }
      for (const item of items(answer.data)) all.push(item)
      const next = answer.data.links?.next
      if (!next) return all
      parameters = new URL(next, this.#session.authUrl).searchParams
    }
    throw new Fault('collect.too_large', `Keystone gives more than ${PAGES_MAX} pages of ${path}`)
  }

  async #ask(path: string, query: URLSearchParams, signal: AbortSignal): Promise<IdentityReply> {
    const { source, onExchange } = this.#names
    const startedAt = performance.now()
    const tell = (status: number | 'unreachable' | 'aborted') =>
      onExchange?.({
        source,
        status,
        seconds: (performance.now() - startedAt) / 1000,
        request: { method: 'GET', url: `${this.#session.authUrl}${path}`, query },
      })
    try {
      const reply = await this.#session.send({ method: 'GET', path, query }, signal)
      tell(reply.status)
      return reply
    } catch (error) {
      tell(signal.aborted ? 'aborted' : 'unreachable')
      throw error
    }
  }

  get probe(): Probe {
    return {
      asks: this.#session.authUrl,
      run: async (signal) => {
        const { roles } = await this.#session.token(signal)
        return `a token of ${this.#names.user}, with ${roles.length === 0 ? 'no role' : roles.join(', ')}`
      },
    }
  }

  get whenNone(): WhenNone {
    const { ignore_rating_role: everyProject, ignore_disabled_tenants: enabledOnly } = this.#options
    const projects = `the ${enabledOnly ? 'enabled ' : ''}projects`
    const { user } = this.#names
    const { authUrl } = this.#session
    if (everyProject)
      return { asked: `${projects} of ${authUrl}`, remedy: `see that "openstack project list" shows some to ${user}` }
    return {
      asked: `${projects} of ${authUrl} on which ${user} itself has the role ${RATING_ROLE}`,
      remedy: `give it the role on each project that is to be rated (openstack role add --project PROJECT --user USER ${RATING_ROLE}), or set [fetcher_keystone] ignore_rating_role = true to take every project`,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
  }
}
