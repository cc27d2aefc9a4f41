import { type Method, METHODS, pathsOf, type Route } from './route.ts'

interface Node<Deps> {
  readonly fixed: Map<string, Node<Deps>>
  /** The child behind a parameter, whatever the parameter is called in each route. */
  any: Node<Deps> | undefined
  /** Routes that end here, by method, with the names of the parameters on the way. */
  readonly routes: Map<Method | 'ANY', Entry<Deps>>
  /** Routes that take all the rest of the path from here on. */
  readonly rest: Map<Method | 'ANY', Entry<Deps>>
}

interface Entry<Deps> {
  readonly route: Route<Deps>
  readonly names: readonly string[]
}

export interface Match<Deps> {
  readonly route: Route<Deps>
  readonly parameters: Readonly<Record<string, string>>
}

/** Why nothing matched, and what would have. */
export interface Miss {
  /** Methods of the routes that this very path has. */
  readonly methods: readonly Method[]
  /** A route of the asked method ends at a shorter path: there are too many segments. */
  readonly tooDeep: boolean
}

/** Finds the route of a path; fixed segments win over parameters. Segments of v1 and root paths may end in one slash. */
export class RouteTable<Deps> {
  readonly #root: Node<Deps> = node()
  /** Segments of the longest path. */
  #depth = 0

  constructor(routes: readonly Route<Deps>[]) {
    for (const route of routes) for (const path of pathsOf(route)) this.#add(path, route)
  }

  find(method: string, segments: readonly string[]): Match<Deps> | Miss {
    const ends = this.#ends(this.#root, segments, 0)
    const methods = new Set<Method>()
    for (const { entries, values } of ends) {
      const entry = entries.get(method as Method) ?? entries.get('ANY')
      if (entry) {
        const parameters = Object.fromEntries(entry.names.map((name, i) => [name, values[i]!]))
        return { route: entry.route, parameters }
      }
      for (const known of METHODS) if (entries.has(known)) methods.add(known)
    }
    return { methods: [...methods], tooDeep: this.#tooDeep(method, segments) }
  }

  #add(path: string, route: Route<Deps>): void {
    const names: string[] = []
    const all = toSegments(path)
    this.#depth = Math.max(this.#depth, all.length)
    let at = this.#root
    let ends: 'routes' | 'rest' = 'routes'
    for (const segment of all) {
      const parameter = /^\{(\w+)(\*?)\}$/.exec(segment)
      if (parameter) names.push(parameter[1]!)
      if (parameter?.[2]) ends = 'rest'
      else if (parameter) at = at.any ??= node()
      else at = at.fixed.get(segment) ?? setDefault(at.fixed, segment, node())
    }
    const entries = at[ends]
    if (entries.has(route.method)) throw new Error(`two routes for ${route.method} ${path}`)
    entries.set(route.method, { route, names })
  }

  /** Where the path may end, the best fit first. */
  *#ends(
    at: Node<Deps>,
    segments: readonly string[],
    depth: number,
    values: readonly string[] = [],
  ): Generator<{ entries: Map<Method | 'ANY', Entry<Deps>>; values: readonly string[] }> {
    const segment = segments[depth]
    if (segment === undefined) yield { entries: at.routes, values }
    else {
      const fixed = at.fixed.get(segment)
      if (fixed) yield* this.#ends(fixed, segments, depth + 1, values)
      if (at.any && segment !== '') yield* this.#ends(at.any, segments, depth + 1, [...values, segment])
    }
    if (at.rest.size > 0) yield { entries: at.rest, values: [...values, segments.slice(depth).join('/')] }
  }

  #tooDeep(method: string, segments: readonly string[]): boolean {
    for (let length = Math.min(segments.length - 1, this.#depth); length > 0; length--) {
      for (const { entries } of this.#ends(this.#root, segments.slice(0, length), 0)) {
        if (entries.has(method as Method) || entries.has('ANY')) return true
      }
    }
    return false
  }
}

/** `/v1/info/` has the segments `v1`, `info` and an empty one. */
export function toSegments(path: string): string[] {
  return path.split('/').slice(1)
}

export function isMatch<Deps>(found: Match<Deps> | Miss): found is Match<Deps> {
  return 'route' in found
}

function node<Deps>(): Node<Deps> {
  return { fixed: new Map(), any: undefined, routes: new Map(), rest: new Map() }
}

function setDefault<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.set(key, value)
  return value
}
