import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatInstant, type Instant, toInstant } from '../domain/period.ts'
import { readText } from '../lib/read-text.ts'
import { billTable } from '../quickstart/bill-table.ts'
import { writeMadeUpCloudCsv } from '../quickstart/made-up-cloud-csv.ts'
import { readRulesFile } from '../quickstart/rules-file.ts'
import { samplePeriod } from '../quickstart/sample-period.ts'
import { setFirstRules } from '../quickstart/set-first-rules.ts'
import { ruleTimeFromInstant } from '../rating/rule-time.ts'
import { openProcessor, type Stores } from '../wiring/open-service.ts'
import { importWithProgress } from './import.ts'
import { type Invocation, open } from './invocation.ts'
import { printFailures, processWithProgress } from './process.ts'
import { assertPortIsFree, serve } from './serve.ts'

export async function runQuickstart(invocation: Invocation, goOn: boolean): Promise<number> {
  const file = join(QUICKSTART_FOLDER, 'cloudkitty.conf')
  await using stores = await open({ ...invocation, files: invocation.files ?? [file], dirs: invocation.dirs ?? [] })
  // A port that is taken is told before the work, not after.
  const { api } = stores.config.options
  if (goOn) await assertPortIsFree(api.host, api.port)
  await prepareQuickstart(stores, invocation)
  invocation.print(`\n${await quickstartBill(stores)}\n\n`)
  if (goOn && !invocation.signal.aborted) await serve(stores, invocation, 'all')
  return 0
}

/** What the first settings and prices of the sample cloud are read from. */
const QUICKSTART_FOLDER = new URL('../../../../examples/quickstart', import.meta.url).pathname

/**
 * Brings the sample cloud up to the present: prices on the first start, the usage that is new, and the rating of it. Starting
 * it again does only what is new.
 */
async function prepareQuickstart(stores: Stores, invocation: Invocation): Promise<void> {
  const { print } = invocation
  const now = toInstant(new Date())
  const rulesFile = join(QUICKSTART_FOLDER, 'rules.yml')
  const creations = readRulesFile(await readText(rulesFile), rulesFile)
  if (await setFirstRules(stores.db, creations, { who: 'quickstart', now: ruleTimeFromInstant(now) })) {
    print(`Prices: ${creations.length} groups, services, fields and rules of ${rulesFile}.\n`)
  }
  await importNewUsage(stores, invocation, now)
  await using unit = await openProcessor(stores)
  const outcome = await processWithProgress(stores, unit, invocation, now)
  const { done, points } = outcome
  print(done === 0 ? 'Rated: nothing new.\n' : `Rated: ${done} hours of projects, ${points} points.\n`)
  printFailures(outcome, print)
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
async function quickstartBill({ store, batches, names }: Stores): Promise<string> {
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
