import { z } from 'zod'
import type { CollectorPlugin } from '../collectors/collector.ts'
import { type Decimal, parseDecimal } from '../domain/decimal.ts'
import { type Fraction, FRACTION_ONE, FRACTION_ZERO, parseFraction } from '../domain/fraction.ts'
import { type Metric, MUTATIONS, type Mutation } from '../domain/metric.ts'
import { parseSkipExpression, type SkipExpression } from '../domain/skip-expression.ts'
import { errorText } from '../lib/fault.ts'
import { type ConfigFault, inOrder } from './config-fault.ts'
import { parseSafely } from './parse-safely.ts'
import { toSchemaFaults, unknownKey } from './schema-faults.ts'
import { keyText, parseYaml11, toJson, YamlNumber, type YamlValue } from './yaml11.ts'

/** What parsing a metrics.yml needs to know of the rest of the configuration. */
export interface MetricsContext {
  readonly scopeKey: string
  /** Undefined when the configuration names none that exists: `extra_args` are then taken unseen. */
  readonly collector: Pick<CollectorPlugin, 'name' | 'extraArgs' | 'requiredGroupby'> | undefined
}

export interface MetricsFile {
  /** The file as JSON, nothing checked, changed or added: `GET /v1/info/config` shows it. `{}` for an empty file. */
  readonly raw: unknown
  /** False when the file is no YAML at all; `raw` is then `{}`. */
  readonly readable: boolean
  /** In the order of the file; only those without a fault. */
  readonly metrics: readonly Metric[]
  /** All that is wrong. The file must not be used unless this is empty. */
  readonly faults: readonly ConfigFault[]
}

/** Separates a metric's name from its `alt_name` in CloudKitty's metric keys (cloudkitty/collector/__init__.py). */
const KEY_SEPARATOR = '@#'

type Path = readonly (string | number)[]
type Report = (path: Path, reason: string) => void

/**
 * Reads metrics.yml as CloudKitty does (cloudkitty/collector/__init__.py), and strictly: what CloudKitty accepts and then
 * silently rates wrong (two metrics of one type, attributes listed twice, MAP without a map) is a fault here. `file` is
 * how faults name it.
 */
export function parseMetrics(text: string, file: string, context: MetricsContext): MetricsFile {
  const yaml = parseYaml11(text)
  if (yaml.value === undefined) {
    const faults = yaml.faults.map(({ line, reason }) => ({ where: `${file}:${line}`, path: '', reason }))
    return { raw: {}, readable: false, metrics: [], faults }
  }
  const found: { path: Path; reason: string }[] = []
  const report: Report = (path, reason) => found.push({ path, reason })
  const metrics = readTop(yaml.value, context, report)
  const faults = found.map(({ path, reason }) => ({
    where: `${file}:${yaml.lineOf(path)}`,
    path: formatPath(path),
    reason,
  }))
  return { raw: yaml.value === null ? {} : toJson(yaml.value), readable: true, metrics, faults: inOrder(faults) }
}

function readTop(top: YamlValue, context: MetricsContext, report: Report): Metric[] {
  if (!(top instanceof Map)) {
    report([], `expected a mapping with the key 'metrics', got ${show(top)}`)
    return []
  }
  for (const key of top.keys()) {
    if (key !== 'metrics') report([keyText(key)], unknownKey(keyText(key), ['metrics']))
  }
  const metrics = top.get('metrics')
  if (!(metrics instanceof Map) || metrics.size === 0) {
    const reason = `expected a mapping with at least one metric, got ${show(metrics)}`
    report(metrics === undefined ? [] : ['metrics'], metrics === undefined ? "the key 'metrics' is required" : reason)
    return []
  }
  const types = new Map<string, Path>()
  const result: Metric[] = []
  for (const [key, definition] of metrics) {
    const name = keyText(key)
    const path: Path = ['metrics', name]
    if (typeof key !== 'string')
      report(path, `expected a text as a metric's name, got ${show(key)}; write it in quotes`)
    else if (name === '') report(path, "a metric's name must not be empty")
    else if (name.includes(KEY_SEPARATOR)) report(path, `a metric's name must not contain '${KEY_SEPARATOR}'`)
    const definitions = Array.isArray(definition) ? definition : [definition]
    if (definitions.length === 0) report(path, 'expected at least one definition, got an empty list')
    for (const [index, item] of definitions.entries()) {
      const at = Array.isArray(definition) ? [...path, index] : path
      const metric = readDefinition(name, item, at, context, report, types)
      if (metric) result.push(metric)
    }
  }
  return result
}

// --- the keys of a definition

const text = z
  .string({
    error: ({ input }) =>
      input === undefined ? 'is required' : `expected a text, got ${show(input as YamlValue)}${quotesHint(input)}`,
  })
  .min(1, { error: 'must not be empty', abort: true })

const texts = z
  .array(text, { error: ({ input }) => `expected a list of texts, got ${show(input as YamlValue)}` })
  .superRefine((items, ctx) => {
    for (const [index, item] of items.entries()) {
      if (items.indexOf(item) < index)
        ctx.addIssue({ code: 'custom', path: [index], message: `'${item}' is listed twice` })
    }
  })

const fraction = z.unknown().transform((value, ctx): Fraction => {
  const written = value instanceof YamlNumber ? value.text : value
  const result = typeof written === 'string' && written.length <= 200 ? parseFraction(written) : undefined
  if (result) return result
  ctx.addIssue({
    code: 'custom',
    message: `expected a number or a fraction like 1/1024, got ${show(value as YamlValue)}`,
  })
  return z.NEVER
})

const mutation = z.unknown().transform((value, ctx): Mutation => {
  const mode = MUTATIONS.find((candidate) => candidate === value)
  if (mode) return mode
  ctx.addIssue({ code: 'custom', message: `expected one of ${MUTATIONS.join(', ')}, got ${show(value as YamlValue)}` })
  return z.NEVER
})

const mutateMap = z.unknown().transform((value, ctx): [Decimal, Decimal][] => {
  if (!(value instanceof Map) || value.size === 0) {
    ctx.addIssue({
      code: 'custom',
      message: `expected a mapping of numbers to numbers, got ${show(value as YamlValue)}`,
    })
    return z.NEVER
  }
  const entries: [Decimal, Decimal][] = []
  for (const [key, mapped] of value as Map<YamlValue, YamlValue>) {
    const path = [keyText(key)]
    const from = key instanceof YamlNumber ? parseDecimal(key.text) : undefined
    // CloudKitty takes a text of digits as a value, but never finds one as a key.
    const to = parseDecimal(mapped instanceof YamlNumber ? mapped.text : typeof mapped === 'string' ? mapped : '')
    if (!from)
      ctx.addIssue({ code: 'custom', path, message: `expected a number as key, got ${show(key)}${keyHint(key)}` })
    if (!to) ctx.addIssue({ code: 'custom', path, message: `expected a number as value, got ${show(mapped)}` })
    if (from && to) entries.push([from, to])
  }
  return entries
})

const skipExpression = text.transform((expression, ctx): SkipExpression => {
  const parsed = parseSkipExpression(expression)
  if (parsed.ok) return parsed.expression
  ctx.addIssue({ code: 'custom', message: `at character ${parsed.position + 1}: ${parsed.reason}` })
  return z.NEVER
})

/** A whole number, of something that has a sensible limit. */
const wholeNumber = (max: number) =>
  z.unknown().transform((value, ctx): number => {
    const number = value instanceof YamlNumber && /^\d{1,9}$/.test(value.text) ? Number(value.text) : Number.NaN
    if (number <= max) return number
    ctx.addIssue({
      code: 'custom',
      message: `expected a whole number from 0 to ${max}, got ${show(value as YamlValue)}`,
    })
    return z.NEVER
  })

/** Data that needs longer than a month is not usage that a bill can wait for. */
const SETTLE_MAX = 31 * 86_400
/** A month of hours. */
const RECHECK_MAX = 744

/** Read one by one, so that a fault in one key does not hide those of others. `extra_args` is the collector's. */
const KEYS = {
  unit: text,
  description: text.optional(),
  alt_name: text.optional(),
  groupby: texts.default([]),
  metadata: texts.default([]),
  factor: fraction.default(FRACTION_ONE),
  offset: fraction.default(FRACTION_ZERO),
  mutate: mutation.default('NONE'),
  mutate_map: mutateMap.optional(),
  skip_datapoints_expression: skipExpression.optional(),
  settle: wholeNumber(SETTLE_MAX).optional(),
  recheck: wholeNumber(RECHECK_MAX).optional(),
} as const

const KNOWN_KEYS = [...Object.keys(KEYS), 'extra_args']

type Definition = { -readonly [Key in keyof typeof KEYS]?: z.output<(typeof KEYS)[Key]> | undefined }

function readDefinition(
  name: string,
  item: YamlValue,
  path: Path,
  context: MetricsContext,
  report: Report,
  types: Map<string, Path>,
): Metric | undefined {
  if (!(item instanceof Map) || item.size === 0) {
    report(path, `expected a mapping with at least the key 'unit', got ${show(item)}`)
    return undefined
  }
  let faulty = false
  const note: Report = (at, reason) => {
    faulty = true
    report(at, reason)
  }
  for (const key of item.keys()) {
    const known = typeof key === 'string' && KNOWN_KEYS.includes(key)
    if (!known) note([...path, keyText(key)], unknownKey(keyText(key), KNOWN_KEYS))
  }
  const definition: Definition = {}
  for (const [key, schema] of Object.entries(KEYS)) {
    const parsed = schema.safeParse(item.get(key))
    if (parsed.success) Object.assign(definition, { [key]: parsed.data })
    else for (const issue of parsed.error.issues) note(issuePath([...path, key], issue.path), issue.message)
  }
  const extraArgs = readExtraArgs(item, path, context, note)
  const groupby = readAttributes(definition, extraArgs, path, context, note)
  const { mutate, mutate_map: map } = definition
  if (mutate === 'MAP' && !item.has('mutate_map')) note([...path, 'mutate'], 'MAP needs mutate_map')
  if (mutate !== undefined && mutate !== 'MAP' && item.has('mutate_map')) {
    note([...path, 'mutate_map'], `has an effect with mutate: MAP only, and mutate is ${mutate}`)
  }
  checkType(name, definition, path, types, note)
  return faulty ? undefined : toMetric(name, definition as Required<Definition>, groupby, map ?? [], extraArgs?.value)
}

function toMetric(
  name: string,
  definition: Required<Definition>,
  groupby: readonly string[],
  map: Metric['mutateMap'],
  extraArgs: unknown,
): Metric {
  const { alt_name: altName, description, skip_datapoints_expression: skip, settle, recheck } = definition
  return {
    key: altName === undefined ? name : `${name}${KEY_SEPARATOR}${altName}`,
    name,
    type: altName ?? name,
    unit: definition.unit!,
    ...(description === undefined ? {} : { description }),
    groupby,
    metadata: definition.metadata!,
    factor: definition.factor!,
    offset: definition.offset!,
    mutate: definition.mutate!,
    mutateMap: map,
    ...(skip === undefined ? {} : { skip }),
    ...(settle ? { settleSeconds: settle } : {}),
    ...(recheck ? { recheckPeriods: recheck } : {}),
    extraArgs,
  }
}

/** Undefined when they are faulty, so that what follows from them is not reported too. */
function readExtraArgs(
  item: Map<YamlValue, YamlValue>,
  path: Path,
  { collector }: MetricsContext,
  report: Report,
): { readonly value: unknown } | undefined {
  const written = item.get('extra_args')
  const raw = written === undefined ? {} : toJson(written)
  if (!collector) return { value: raw }
  const parsed = parseSafely(collector.extraArgs, raw, `the collector '${collector.name}'`)
  if (parsed.success) return { value: parsed.data }
  for (const { path: inner, reason } of toSchemaFaults(parsed.issues, collector.extraArgs)) {
    report(issuePath([...path, 'extra_args'], inner), reason)
  }
  return undefined
}

/** The groupby list with the scope key, then what the collector demands. Reports what stands in it and in metadata too. */
function readAttributes(
  { groupby, metadata }: Definition,
  extraArgs: { readonly value: unknown } | undefined,
  path: Path,
  { scopeKey, collector }: MetricsContext,
  report: Report,
): string[] {
  const required = extraArgs && collector ? requiredOf(collector, extraArgs.value, path, report) : []
  const all = [...new Set([...(groupby ?? []), scopeKey, ...required])]
  for (const [index, attribute] of (metadata ?? []).entries()) {
    if (!all.includes(attribute)) continue
    const reason = groupby?.includes(attribute)
      ? `'${attribute}' stands in groupby too`
      : `'${attribute}' is in groupby of every metric of this collector; leave it out here`
    report([...path, 'metadata', index], reason)
  }
  return all
}

function requiredOf(
  collector: NonNullable<MetricsContext['collector']>,
  extraArgs: unknown,
  path: Path,
  report: Report,
): readonly string[] {
  try {
    return collector.requiredGroupby?.(extraArgs) ?? []
  } catch (error) {
    report(path, `the collector '${collector.name}' cannot say what to group by: ${errorText(error)}; ask who wrote it`)
    return []
  }
}

/** Points of equal types could not be told apart: CloudKitty silently keeps those of one definition. */
function checkType(name: string, { alt_name }: Definition, path: Path, types: Map<string, Path>, report: Report): void {
  const type = alt_name ?? name
  const taken = types.get(type)
  if (!taken) {
    types.set(type, path)
    return
  }
  const where = alt_name === undefined ? path : [...path, 'alt_name']
  report(where, `the type '${type}' is taken by ${formatPath(taken)}; give one of them another alt_name`)
}

function issuePath(path: Path, inner: readonly PropertyKey[]): Path {
  return [...path, ...inner.map((step) => (typeof step === 'number' ? step : String(step)))]
}

/** `metrics.cpu[1].groupby[0]`; a name with other characters than letters, digits, `_` and `-` is put in quotes. */
function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`
      return index === 0 ? step : `.${step}`
    })
    .join('')
}

function show(value: YamlValue | undefined): string {
  if (value === undefined || value === null) return 'nothing'
  if (value instanceof YamlNumber) return `the number ${value.text.slice(0, 80)}`
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value instanceof Map) return value.size === 0 ? 'an empty mapping' : 'a mapping'
  return typeof value === 'boolean' ? `the boolean ${value}` : `'${value.slice(0, 80)}'`
}

function quotesHint(value: unknown): string {
  return typeof value === 'boolean' || value instanceof YamlNumber ? '; write it in quotes' : ''
}

function keyHint(key: YamlValue): string {
  return typeof key === 'string' && parseDecimal(key) ? '; write it without quotes' : ''
}
