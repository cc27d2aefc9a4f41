import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatInstant, type Instant, toInstant } from '../domain/period.ts'
import { importWithProgress, type Invocation } from '../wiring/commands.ts'
import { openProcessor, type Stores } from '../wiring/open-service.ts'
import { processUntil } from '../wiring/run-processor.ts'
import { ruleTimeFromInstant } from '../rating/rule-time.ts'
import { billTable } from './bill-table.ts'
import { writeMadeUpCloudCsv } from './made-up-cloud-csv.ts'
import { readRulesFile } from './rules-file.ts'
import { samplePeriod } from './sample-period.ts'
import { setFirstRules } from './set-first-rules.ts'

/** What the first settings and prices of the sample cloud are read from. */
export const QUICKSTART_FOLDER = new URL('../../../../examples/quickstart', import.meta.url).pathname

/**
 * Brings the sample cloud up to the present: prices on the first start, the usage that is new, and the rating of it. Starting
 * it again does only what is new.
 */
export async function prepareQuickstart(stores: Stores, invocation: Invocation): Promise<void> {
  const { print, signal, terminal } = invocation
  const now = toInstant(new Date())
  const rulesFile = join(QUICKSTART_FOLDER, 'rules.yml')
  const creations = readRulesFile(await readFile(rulesFile, 'utf8'), rulesFile)
  if (await setFirstRules(stores.db, creations, { who: 'quickstart', now: ruleTimeFromInstant(now) })) {
    print(`Prices: ${creations.length} groups, services, fields and rules of ${rulesFile}.\n`)
  }
  await importNewUsage(stores, invocation, now)
  await using unit = await openProcessor(stores)
  const { done, points, failed } = await processUntil(stores, unit, { until: now, signal, terminal })
  print(done === 0 ? 'Rated: nothing new.\n' : `Rated: ${done} hours of projects, ${points} points.\n`)
  for (const { scopeId, error } of failed) print(`Not rated to the end: ${scopeId}: ${error}\n`)
}

async function importNewUsage(stores: Stores, invocation: Invocation, now: Instant): Promise<void> {
  const { print, signal } = invocation
  const lastSampleAt = (await stores.imports.list()).reduce<Instant | undefined>(
    (last, { lastAt }) => (lastAt === undefined || (last !== undefined && last > lastAt) ? last : lastAt),
    undefined,
  )
  const period = samplePeriod(now, lastSampleAt)
  if (!period) {
    print('Usage: nothing new since the last start.\n')
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-quickstart-'))
  const path = join(folder, 'usage.csv')
  try {
    await writeMadeUpCloudCsv(path, period, signal)
    const { rows } = await importWithProgress(stores, invocation, path)
    print(
      `Usage: ${rows} samples of a made-up cloud, ${formatInstant(period.begin)} to ${formatInstant(period.end)}.\n`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The whole bill so far, by project and type. */
export async function quickstartBill({ store, batches, names }: Stores): Promise<string> {
  const { rows } = await store.total(
    {
      begin: 0,
      end: END_OF_TIME,
      types: [],
      attributes: new Map(),
      groupby: [{ by: 'attribute', name: names.scopeKey }, { by: 'type' }],
      values: [{ function: 'sum', column: 'price', alias: 'rate' }],
      offset: 0,
      limit: undefined,
    },
    await batches.snapshot(),
  )
  return billTable(rows.map(({ groups, values }) => ({ scopeId: groups[0]!, type: groups[1]!, price: values[0]! })))
}

/** Later than any point: the year 9999. */
const END_OF_TIME = Date.UTC(9999, 0) / 1000
