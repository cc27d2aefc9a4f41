import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar, type Document, type Node } from 'yaml'
import type { Check } from './check.ts'
import { CheckSyntaxError, parseCheck, parseListCheck } from './parse-check.ts'

export interface PolicyFile {
  readonly path: string
  readonly text: string
}

/** One override. */
export interface PolicyEntry {
  readonly name: string
  readonly check: Check
  /** As written. */
  readonly text: string
  readonly path: string
  readonly line: number
}

export interface PolicyFileFault {
  readonly path: string
  /** Counts from 1. */
  readonly line: number
  readonly rule?: string
  readonly reason: string
}

const MAX_FILE_LENGTH = 1_000_000

/** The overrides in a policy file, in its order, and everything that is wrong with it. YAML 1.2, of which JSON is a part. */
export function readPolicyFile({ path, text }: PolicyFile): { entries: PolicyEntry[]; faults: PolicyFileFault[] } {
  const faults: PolicyFileFault[] = []
  const entries: PolicyEntry[] = []
  if (text.length > MAX_FILE_LENGTH) {
    return { entries, faults: [{ path, line: 1, reason: `longer than ${MAX_FILE_LENGTH} characters` }] }
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineOf = (offset: number | undefined) => (offset === undefined ? 1 : Math.max(1, lines.linePos(offset).line))
  for (const error of document.errors) faults.push({ path, line: lineOf(error.pos[0]), reason: error.message })
  if (faults.length > 0) return { entries, faults }

  const root = document.contents
  // A file of comments only, as `oslopolicy-sample-generator` writes it, overrides nothing.
  if (root === null || (isScalar(root) && root.value === null)) return { entries, faults }
  if (!isMap(root)) {
    return { entries, faults: [{ path, line: 1, reason: 'expected rules by name: "rule name": "check"' }] }
  }
  for (const { key, value } of root.items) {
    const line = lineOf((key as Node | null)?.range?.[0])
    const name = isScalar(key) && typeof key.value === 'string' ? key.value : undefined
    if (name === undefined || name === '') {
      faults.push({ path, line, reason: 'the name of a rule must be a text' })
      continue
    }
    try {
      const { check, written } = toCheck(resolve(value, document))
      entries.push({ name, check, text: written, path, line })
    } catch (error) {
      if (!(error instanceof CheckSyntaxError)) throw error
      faults.push({ path, line, rule: name, reason: `${error.message} (column ${error.column} of the rule)` })
    }
  }
  return { entries, faults }
}

function resolve(node: Node | null, document: Document): Node | null {
  return isAlias(node) ? ((node.resolve(document) as Node | undefined) ?? null) : node
}

function toCheck(node: Node | null): { check: Check; written: string } {
  if (isScalar(node) && typeof node.value === 'string') {
    // An unquoted `!` is YAML's mark of a type, and leaves an empty text: "nobody" would be read as "everybody".
    if (node.value === '' && node.type === Scalar.PLAIN) {
      throw new CheckSyntaxError(1, "an unquoted ! is no rule in YAML: write '!' to allow nobody")
    }
    return { check: parseCheck(node.value), written: node.value }
  }
  if (isSeq(node)) {
    const list: unknown[] = node.toJSON()
    if (!list.every((item) => isText(item) || (Array.isArray(item) && item.every(isText)))) {
      throw new CheckSyntaxError(1, 'expected a list of checks or of lists of checks')
    }
    return { check: parseListCheck(list), written: JSON.stringify(list) }
  }
  if (node === null || (isScalar(node) && node.value === null)) {
    throw new CheckSyntaxError(1, "no rule is given: write '' or '@' to allow everybody, '!' to allow nobody")
  }
  throw new CheckSyntaxError(1, 'expected a text or a list')
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
