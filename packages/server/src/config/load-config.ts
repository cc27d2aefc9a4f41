import { stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import { loadPolicy } from '../auth/policy/load-policy.ts'
import { type Policy, PolicyRefusal } from '../auth/policy/policy.ts'
import type { CollectorPlugin } from '../collectors/collector.ts'
import type { Metric } from '../domain/metric.ts'
import type { FetcherPlugin } from '../fetchers/fetcher.ts'
import type { ReceiverPlugin } from '../intake/receiver.ts'
import { Fault } from '../lib/fault.ts'
import { isLoopback } from '../lib/loopback.ts'
import { ownValue } from '../lib/own-value.ts'
import { NOT_UTF8, NotUtf8, readText as readUtf8 } from '../lib/read-text.ts'
import type { RatingPlugin } from '../rating/rating-module.ts'
import type { PointStorePlugin } from '../storage/point-store.ts'
import { type Chosen, loadPlugins, readPlugins } from './choose-plugins.ts'
import { type ConfigFault, formatFault, inOrder } from './config-fault.ts'
import { findConfigFile, findConfigFolder, listConfigFolder, searchFolders } from './find-config-files.ts'
import { IGNORED_OPTIONS } from './ignored-options.ts'
import { type MetricsContext, parseMetrics } from './metrics.ts'
import { type Options, SECTIONS, type SectionName } from './options.ts'
import { KINDS, type PluginTables, sectionOf } from './plugin-kinds.ts'
import { readSection } from './read-section.ts'
import { toConfigFault, type Unopened } from './report-unopened.ts'
import { optionMeta, shapeOf } from './schema-faults.ts'
import { Settings } from './settings.ts'
import { formatStateAddress, fromSqlAlchemy, startingAt } from './state-address.ts'
import { toNotices } from './unread-settings.ts'

export interface ConfigInput {
  /** `--config-file`, in order; undefined: where oslo.config looks. */
  readonly files?: readonly string[] | undefined
  /** `--config-dir`, in order, read after the files; undefined: where oslo.config looks. */
  readonly dirs?: readonly string[] | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative paths, also those in the files, start here. */
  readonly cwd: string
  /** What may be chosen by name. */
  readonly plugins: PluginTables
  /** Tells what a start would refuse of what was read; undefined: nothing is tried. */
  readonly tryOut?: ((parts: Unopened) => Promise<readonly Fault[]>) | undefined
  /** Stands for `/etc` in the search for files. */
  readonly etc?: string
}

/** The configuration, whole and checked. Paths are absolute. */
export interface Config {
  /** The sections, by their names in the file. */
  readonly options: Options
  readonly collector: Chosen<CollectorPlugin>
  readonly fetcher: Chosen<FetcherPlugin>
  readonly store: Chosen<PointStorePlugin>
  /** By name: of equal priorities, the first one rates first. */
  readonly ratingModules: readonly Chosen<RatingPlugin>[]
  readonly receivers: readonly Chosen<ReceiverPlugin>[]
  readonly metrics: readonly Metric[]
  /** The text of that file. */
  readonly metricsText: string
  /** What is needed to read that file again when it changes. */
  readonly metricsContext: MetricsContext
  /** The rules in force, `[oslo_policy]`'s files included. */
  readonly policy: Policy
  /** Where relative names of policy files are looked up. */
  readonly configDir: string
  /** The configuration files that were read, in order. */
  readonly files: readonly string[]
}

/** What reading gave. `config` is there exactly when there are no faults. */
export interface ConfigOutcome {
  readonly config: Config | undefined
  readonly faults: readonly ConfigFault[]
  /** What is probably a mistake, and has no effect: unknown sections and options. */
  readonly warnings: readonly string[]
  /** What CloudKitty would heed and this program ignores on purpose. */
  readonly notices: readonly string[]
  readonly files: readonly string[]
}

/** A configuration file larger than this is none. */
const FILE_SIZE_MAX = 16 * 1024 * 1024

/**
 * The configuration as it is to be run. Throws the fault `config.invalid` with every fault of every file in its message and,
 * as `ConfigFault[]`, in its detail.
 */
export async function loadConfig(
  input: ConfigInput,
): Promise<{ readonly config: Config; readonly warnings: readonly string[]; readonly notices: readonly string[] }> {
  const { config, faults, warnings, notices } = await checkConfig(input)
  if (config) return { config, warnings, notices }
  const list = faults.map((fault) => `  ${formatFault(fault)}`).join('\n')
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  throw new Fault('config.invalid', `the configuration has ${count}:\n${list}`, { faults })
}

/** As `loadConfig`, but tells faults instead of throwing them. */
export async function checkConfig(input: ConfigInput): Promise<ConfigOutcome> {
  const faults: ConfigFault[] = []
  const report = (fault: ConfigFault) => void faults.push(fault)
  const { cwd } = input
  const settings = await readSettings(input, report)

  const shapes = new Map<string, Readonly<Record<string, z.ZodType>>>()
  for (const [name, schema] of Object.entries(SECTIONS)) shapes.set(name, schema.shape)
  const defaultText = (section: string, option: string) => {
    const schema = ownValue(shapes.get(section), option)
    if (schema) return optionMeta(schema).default ?? ''
    return ownValue(ownValue(IGNORED_OPTIONS, section), option) === undefined ? undefined : ''
  }

  // Read apart from their sections, so that another option's fault there does not hide those of metrics and plugins.
  const textOf = (section: string, option: string) => {
    const setting = settings.get(section, option)
    const outcome = setting && settings.substitute(setting, defaultText)
    return outcome && 'text' in outcome ? outcome.text.trim() : defaultText(section, option)!
  }
  const loaded = await loadPlugins({ tables: input.plugins, settings, textOf, cwd, report })
  for (const kind of KINDS) {
    for (const { name, options } of loaded[kind]) shapes.set(sectionOf(kind, name), shapeOf(options) ?? {})
  }
  // Who goes from one points store to another has both sections, and typing errors in either.
  for (const { name, options } of await Promise.all(Object.values(input.plugins.store).map((load) => load()))) {
    shapes.set(sectionOf('store', name), shapeOf(options) ?? {})
  }

  const context = { defaultText, cwd, report }
  const read: Partial<Record<SectionName, unknown>> = {}
  for (const [name, schema] of Object.entries(SECTIONS)) {
    read[name as SectionName] = readSection(settings, name, schema as z.ZodType, context)
  }
  const readPlugin = (section: string, schema: z.ZodType, owner: string) =>
    readSection(settings, section, schema, context, owner)
  const [collector] = readPlugins('collector', loaded.collector, readPlugin)
  const [fetcher] = readPlugins('fetcher', loaded.fetcher, readPlugin)
  const [store] = readPlugins('store', loaded.store, readPlugin)
  const ratingModules = readPlugins('rating', loaded.rating, readPlugin)
  const receivers = readPlugins('receiver', loaded.receiver, readPlugin)

  const { warnings, notices } = toNotices(settings, shapes, input.plugins)
  const options = read as { -readonly [Name in SectionName]: Options[Name] | undefined }
  checkTogether(options, settings, report)
  options.state = chooseState(options, { settings, cwd, notices })
  const configDir =
    settings.files[0] === undefined ? join(input.etc ?? '/etc', 'cloudkitty') : dirname(settings.files[0])
  const policy = readPolicy(options, settings, configDir, report)
  warnings.push(...(policy?.warnings ?? []))

  const metricsPath = resolve(cwd, textOf('collect', 'metrics_conf'))
  const metricsContext: MetricsContext = {
    scopeKey: textOf('collect', 'scope_key'),
    collector: collector?.plugin,
  }
  const metricsText = await readText(metricsPath, settings.get('collect', 'metrics_conf')?.where, report)
  const metrics = metricsText === undefined ? undefined : parseMetrics(metricsText, metricsPath, metricsContext)
  faults.push(...(metrics?.faults ?? []))
  if (input.tryOut) {
    const refused = await input.tryOut({ options, collector, fetcher, store })
    faults.push(...refused.map((fault) => toConfigFault(fault, settings)))
  }

  const outcome = { faults: inOrder(faults), warnings, notices, files: settings.files }
  if (faults.length > 0 || !metrics || !policy || !collector || !fetcher || !store) {
    return { ...outcome, config: undefined }
  }
  const config: Config = {
    options: atHome(options as Options, metricsPath, cwd),
    collector,
    fetcher,
    store,
    ratingModules,
    receivers,
    metrics: metrics.metrics,
    metricsText: metricsText!,
    metricsContext,
    policy,
    configDir,
    files: settings.files,
  }
  return { ...outcome, config }
}

async function readSettings(input: ConfigInput, report: (fault: ConfigFault) => void): Promise<Settings> {
  const { cwd, env } = input
  const folders = searchFolders(env['HOME'], input.etc)
  const [foundFile, foundFolder] = await Promise.all([findConfigFile(folders), findConfigFolder(folders)])
  const files = input.files ?? (foundFile === undefined ? [] : [foundFile])
  const dirs = input.dirs ?? (foundFolder === undefined ? [] : [foundFolder])
  const settings = new Settings()
  const paths = files.map((file) => resolve(cwd, file))
  for (const dir of dirs) {
    const folder = resolve(cwd, dir)
    try {
      // oxlint-disable-next-line no-await-in-loop -- the order decides which file wins
      paths.push(...(await listConfigFolder(folder)))
    } catch (error) {
      report({ where: folder, path: '', reason: `cannot be read: ${reasonOf(error)}` })
    }
  }
  for (const path of paths) {
    // oxlint-disable-next-line no-await-in-loop -- the order decides which file wins
    const text = await readText(path, undefined, report)
    if (text !== undefined) for (const fault of settings.addFile(path, text)) report(fault)
  }
  settings.addEnvironment(env)
  return settings
}

/** Undefined when the file cannot be read, which is reported; `named` is where the configuration names it. */
async function readText(
  path: string,
  named: string | undefined,
  report: (fault: ConfigFault) => void,
): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    if (size > FILE_SIZE_MAX) throw new Error(`larger than ${FILE_SIZE_MAX} bytes`)
    return await readUtf8(path)
  } catch (error) {
    if (error instanceof NotUtf8) {
      report({ where: `${path}:${error.line}`, path: '', reason: NOT_UTF8 })
      return undefined
    }
    report({
      where: path,
      path: '',
      reason: `cannot be read: ${reasonOf(error)}${named ? ` (named at ${named})` : ''}`,
    })
    return undefined
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'no such file or folder' : code === 'EACCES' ? 'permission denied' : message
}

type MaybeOptions = { readonly [Name in SectionName]: Options[Name] | undefined }

/** What no option says alone. */
function checkTogether(options: MaybeOptions, settings: Settings, report: (fault: ConfigFault) => void): void {
  const { DEFAULT, api, collect, processor, storage } = options
  const whereOf = (section: string, option: string) =>
    settings.get(section, option)?.where ?? settings.files.at(-1) ?? 'default'
  if (DEFAULT?.auth_strategy === 'noauth' && api && !isLoopback(api.host) && !api.allow_noauth) {
    report({
      where: whereOf('api', 'host'),
      path: '[api] host',
      reason: `with auth_strategy = noauth everybody who reaches ${api.host} is admin; use keystone, listen on 127.0.0.1, or set [api] allow_noauth = true`,
    })
  }
  if (collect?.scope_key.trim() === '') {
    const reason = 'is empty, and every point needs the attribute that says who is billed; write project_id'
    report({ where: whereOf('collect', 'scope_key'), path: '[collect] scope_key', reason })
  }
  const kept = storage?.retention_period
  if (kept !== undefined && collect) {
    // A period is rated when it has settled, and then has to be kept for as long again at least.
    const least = Math.ceil((2 * (collect.wait_periods + 1) * collect.period) / 3600)
    if (kept < least) {
      report({
        where: whereOf('storage', 'retention_period'),
        path: '[storage] retention_period',
        reason: `points would be dropped when they are hardly rated: at least ${least} hours are needed with [collect] period = ${collect.period} and wait_periods = ${collect.wait_periods}; 1488 keep the last month's bill`,
      })
    }
  }
  if (processor && processor.backoff_seconds_max < processor.backoff_seconds_min) {
    report({
      where: whereOf('processor', 'backoff_seconds_max'),
      path: '[processor] backoff_seconds_max',
      reason: `is less than backoff_seconds_min (${processor.backoff_seconds_min})`,
    })
  }
}

/** `[state]`, with the database of CloudKitty for its address when that is one that we can use and nothing else is said. */
function chooseState(
  { state, database }: MaybeOptions,
  { settings, cwd, notices }: { settings: Settings; cwd: string; notices: string[] },
): Options['state'] | undefined {
  if (!state) return undefined
  const own = { ...state, url: startingAt(state.url, cwd) }
  const connection = database?.connection
  const setting = settings.get('database', 'connection')
  if (connection === undefined || !setting) return own
  const ignored = (reason: string) => void notices.push(`${setting.where} [database] connection is ignored: ${reason}`)
  if (settings.get('state', 'url')) {
    ignored('[state] url says where state is kept')
    return own
  }
  const url = fromSqlAlchemy(connection)
  if (url) return { ...state, url }
  const now = formatStateAddress(state.url)
  ignored(`state is kept in PostgreSQL or embedded; set [state] url to choose (now ${now})`)
  return own
}

/** The policy files are part of the configuration: their faults are told with all others. */
function readPolicy(
  { oslo_policy: options }: MaybeOptions,
  settings: Settings,
  configDir: string,
  report: (fault: ConfigFault) => void,
): Policy | undefined {
  if (!options) return undefined
  try {
    return loadPolicy(options, configDir)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const faults = error instanceof PolicyRefusal ? error.faults : undefined
    for (const { path, line, rule, reason } of faults ?? [])
      report({ where: `${path}:${line}`, path: rule ?? '', reason })
    if (!faults) {
      const where = settings.get('oslo_policy', 'policy_file')?.where ?? configDir
      report({ where, path: '[oslo_policy] policy_file', reason: error.message.replace(/^\[oslo_policy\][^:]*: /, '') })
    }
    return undefined
  }
}

/** Paths made absolute, and what depends on this machine filled in. */
function atHome(options: Options, metricsPath: string, cwd: string): Options {
  const { DEFAULT, collect } = options
  // As oslo.log: a folder alone means a file there that is called after the program.
  const logName = DEFAULT.log_file ?? (DEFAULT.log_dir === undefined ? undefined : 'cloudtabbyd.log')
  const logFile = logName === undefined ? undefined : resolve(cwd, DEFAULT.log_dir ?? '', logName)
  return {
    ...options,
    DEFAULT: { ...DEFAULT, host: DEFAULT.host ?? hostname(), ...(logFile === undefined ? {} : { log_file: logFile }) },
    collect: { ...collect, metrics_conf: metricsPath },
  }
}
