import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type ScalarTag,
  visit,
} from 'yaml'

/** A number as it stands in the file, so that none of its digits is lost in a double. */
export class YamlNumber {
  /** Plain decimal text (`1048576`, `0.1`, `1.5e+3`), or `.inf`, `-.inf`, `.nan`. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What a YAML document holds; mappings as `Map`, so that keys keep their kind. */
export type YamlValue = null | boolean | string | YamlNumber | YamlValue[] | Map<YamlValue, YamlValue>

interface YamlFault {
  readonly line: number
  readonly reason: string
}

export interface YamlFile {
  /** Undefined when the file is no YAML. */
  readonly value: YamlValue | undefined
  /** Set when the file is no YAML. */
  readonly faults: readonly YamlFault[]
  /** The line of what stands at that path, or of the nearest thing around it. */
  readonly lineOf: (path: readonly PropertyKey[]) => number
}

/** Aliases (`*name`) that one document may resolve to; more of them is an attack, not a metrics.yml. */
const ALIASES_MAX = 1000
const DEPTH_MAX = 32

/** Reads a file by PyYAML's rules for YAML 1.1 (yaml/resolver.py), which differ from the YAML 1.1 of most libraries. */
export function parseYaml11(text: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    schema: 'failsafe',
    version: '1.1',
    customTags: [nullTag, booleanTag, ...INTEGER_TAGS, ...FLOAT_TAGS],
    merge: true,
    uniqueKeys: (a, b) => isScalar(a) && isScalar(b) && sameKey(a.value, b.value),
    lineCounter: lines,
    prettyErrors: false,
  })
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    reason: error.code === 'MULTIPLE_DOCS' ? 'a second document begins here; one is expected' : error.message,
  }))
  let value: YamlValue | undefined
  if (faults.length === 0) {
    try {
      value = document.toJS({ mapAsMap: true, maxAliasCount: ALIASES_MAX }) as YamlValue
      if (depthOf(value) > DEPTH_MAX) throw new ReferenceError(`nested deeper than ${DEPTH_MAX}`)
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error
      value = undefined
      faults.push({ line: lineOfBadAlias(document, lines), reason: error.message })
    }
  }
  return { value, faults, lineOf: (path) => lineOf(document, lines, path) }
}

/** As JSON has it: what PyYAML and Flask make of the file. */
export function toJson(value: YamlValue): unknown {
  if (value instanceof YamlNumber) return jsonNumber(value)
  if (Array.isArray(value)) return value.map(toJson)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [keyText(key), toJson(inner)]))
  return value
}

/** A mapping's key as text. */
export function keyText(key: YamlValue): string {
  if (typeof key === 'string') return key
  if (key instanceof YamlNumber) return key.text
  return key === null || typeof key === 'boolean' ? String(key) : JSON.stringify(toJson(key))
}

/** JSON has no infinity; there it is told in YAML's words. */
function jsonNumber({ text }: YamlNumber): number | string {
  const number = Number(text)
  return Number.isFinite(number) ? number : text
}

function sameKey(a: unknown, b: unknown): boolean {
  return a instanceof YamlNumber && b instanceof YamlNumber ? Number(a.text) === Number(b.text) : a === b
}

function depthOf(value: YamlValue, depth = 0): number {
  if (depth > DEPTH_MAX) return depth
  if (Array.isArray(value)) return Math.max(depth, ...value.map((item) => depthOf(item, depth + 1)))
  if (value instanceof Map) return Math.max(depth, ...[...value.values()].map((item) => depthOf(item, depth + 1)))
  return depth
}

function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  let at: unknown = document.contents
  let offset = startOf(at) ?? 0
  for (const step of path) {
    if (isAlias(at)) at = at.resolve(document)
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => isScalar(key) && keyText(key.value as YamlValue) === String(step))
      if (!pair) break
      offset = startOf(pair.key) ?? offset
      at = pair.value
    } else if (isSeq(at)) {
      at = at.items[Number(step)]
      offset = startOf(at) ?? offset
    } else {
      break
    }
  }
  return Math.max(1, lines.linePos(offset).line)
}

/** The first alias that means nothing, else the first line: the library does not say where it failed. */
function lineOfBadAlias(document: Document, lines: LineCounter): number {
  let offset = 0
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document)) return undefined
      offset = startOf(alias) ?? 0
      return visit.BREAK
    },
  })
  return Math.max(1, lines.linePos(offset).line)
}

function startOf(node: unknown): number | undefined {
  return (node as Node | undefined)?.range?.[0]
}

// --- PyYAML's implicit types; each tag is tried in turn on plain scalars

const nullTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:null',
  default: true,
  test: /^(?:~|null|Null|NULL)?$/,
  resolve: () => null,
}

/** `y` and `n` are texts to PyYAML. */
const booleanTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:bool',
  default: true,
  test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:yes|true|on)$/i.test(text),
}

function numberTag(type: 'int' | 'float', test: RegExp, toText: (text: string) => string): ScalarTag {
  return {
    tag: `tag:yaml.org,2002:${type}`,
    default: true,
    test,
    resolve: (text) => new YamlNumber(toText(text.replaceAll('_', ''))),
  }
}

const INTEGER_TAGS: readonly ScalarTag[] = [
  numberTag('int', /^[-+]?0b_*[01][01_]*$/, (text) => signed(text, (digits) => BigInt(digits))),
  numberTag('int', /^[-+]?0_*[0-7][0-7_]*$/, (text) => signed(text, (digits) => BigInt(`0o${digits.slice(1)}`))),
  numberTag('int', /^[-+]?0x_*[0-9a-fA-F][0-9a-fA-F_]*$/, (text) => signed(text, (digits) => BigInt(digits))),
  numberTag('int', /^[-+]?(?:0|[1-9][0-9_]*)$/, (text) => signed(text, (digits) => BigInt(digits))),
  numberTag('int', /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/, (text) => signed(text, sexagesimal)),
]

/** An exponent needs a point before it and a sign: `1e-3` and `1.0e3` are texts to PyYAML. */
const FLOAT_TAGS: readonly ScalarTag[] = [
  numberTag('float', /^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?$/, (text) => text),
  numberTag('float', /^\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$/, (text) => text),
  numberTag('float', /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/, (text) =>
    signed(text.split('.')[0]!, sexagesimal).concat('.', text.split('.')[1]!),
  ),
  numberTag('float', /^[-+]?\.(?:inf|Inf|INF)$/, (text) => (text.startsWith('-') ? '-.inf' : '.inf')),
  numberTag('float', /^\.(?:nan|NaN|NAN)$/, () => '.nan'),
]

function signed(text: string, read: (digits: string) => bigint): string {
  const value = read(text.replace(/^[-+]/, ''))
  return String(text.startsWith('-') ? -value : value)
}

function sexagesimal(text: string): bigint {
  return text.split(':').reduce((sum, digits) => sum * 60n + BigInt(digits), 0n)
}
