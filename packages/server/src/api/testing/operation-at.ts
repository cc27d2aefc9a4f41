import { pathsOf, type Route } from '../../http/route.ts'
import { apiDocument } from '../api-document.ts'

/** What the API document would say of a route at any of its paths, also of a twin, with nothing left to look up. */
export function operationAt(route: Route<never>, path: string): object {
  const others = pathsOf(route).filter((other) => other !== path)
  const document = apiDocument([{ ...route, documented: true, path: [path, ...others] }], '0') as {
    paths: Record<string, Record<string, object>>
    components: object
  }
  const [operation] = Object.values(Object.values(document.paths)[0]!)
  return resolved(operation, document) as object
}

function resolved(node: unknown, document: object): unknown {
  if (Array.isArray(node)) return node.map((item) => resolved(item, document))
  if (node === null || typeof node !== 'object') return node
  if ('$ref' in node) {
    let target: unknown = document
    for (const key of String(node.$ref).slice(2).split('/')) target = (target as Record<string, unknown>)[key]
    return resolved(target, document)
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolved(value, document)]))
}
