import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { maskAddress } from '../config/config-fault.ts'
import { formatStateAddress } from '../config/state-address.ts'
import { formatInstant, type Instant, type Period, toInstant } from '../domain/period.ts'
import { readText } from '../lib/read-text.ts'
import { billTable } from '../quickstart/bill-table.ts'
import { writeMadeUpCloudCsv } from '../quickstart/made-up-cloud-csv.ts'
import { readRulesFile } from '../quickstart/rules-file.ts'
import { samplePeriod } from '../quickstart/sample-period.ts'
import { setFirstRules } from '../quickstart/set-first-rules.ts'
import type { Outcome } from '../processor/round.ts'
import { ruleTimeFromInstant } from '../rating/rule-time.ts'
import { groupingBy } from '../storage/grouping.ts'
import { openProcessor } from '../wiring/open-processor.ts'
import type { Service } from '../wiring/open-service.ts'
import { importWithProgress } from './import.ts'
import { type Invocation, open } from './invocation.ts'
import { printFailures, printUnpriced, processWithProgress } from './process.ts'
import { assertPortIsFree, serve } from './serve.ts'

export async function runQuickstart(invocation: Invocation, goOn: boolean): Promise<number> {
  const { print, signal, ifEnded } = invocation
  print('CloudTabby makes up a cloud of five projects, rates 30 days of it, and serves the bill.\n')
  ifEnded?.(() => 'nothing was rated yet; the next start goes on from here')
  const file = join(QUICKSTART_FOLDER, 'cloudkitty.conf')
  await using service = await open({ ...invocation, files: invocation.files ?? [file], dirs: invocation.dirs ?? [] })
  // A port that is taken is told before the work, not after.
  const { api, state } = service.config.options
  print(`Stores: open, state at ${maskAddress(formatStateAddress(state.url))}.\n`)
  if (goOn) await assertPortIsFree(api.host, api.port)
  signal.throwIfAborted()
  const outcome = await prepareQuickstart(service, invocation)
  signal.throwIfAborted()
  const span = await ratedSpan(service)
  print(`\n${await quickstartBill(service, span)}\n\n`)
  printUnpriced(outcome, print)
  if (goOn)
    await serve(service, invocation, 'all', { onListening: (address) => print(sameByApi(address, span, service)) })
  return 0
}

/** The request whose answer has the figures of the table. */
function sameByApi(address: string, { begin, end }: Period, { names }: Service): string {
  const query = new URLSearchParams({
    begin: instantText(begin),
    end: instantText(end),
    groupby: names.scopeKey,
  })
  return `The same bill, of the same time:\n  curl '${address}/v2/summary?${String(query).replaceAll('%3A', ':')}'\n`
}

function instantText(instant: Instant): string {
  return formatInstant(instant).replace('+00:00', 'Z')
}

/** What the first settings and prices of the sample cloud are read from. */
const QUICKSTART_FOLDER = new URL('../../../../examples/quickstart', import.meta.url).pathname

/**
 * Brings the sample cloud up to the present: prices on the first start, the usage that is new, and the rating of it. Starting
 * it again does only what is new.
 */
async function prepareQuickstart(service: Service, invocation: Invocation): Promise<Outcome> {
  const { print, signal } = invocation
  const now = toInstant(new Date())
  const rulesFile = join(QUICKSTART_FOLDER, 'rules.yml')
  const creations = readRulesFile(await readText(rulesFile), rulesFile)
  if (await setFirstRules(service.db, creations, { who: 'quickstart', now: ruleTimeFromInstant(now) })) {
    print(`Prices: ${creations.length} groups, services, fields and rules of ${rulesFile}.\n`)
  }
  signal.throwIfAborted()
  await importNewUsage(service, invocation, now)
  signal.throwIfAborted()
  await using unit = await openProcessor(service)
  const until = Math.min(now, await unit.round.clock.now())
  const outcome = await processWithProgress(service, unit, invocation, until)
  signal.throwIfAborted()
  const { done, points } = outcome
  print(done === 0 ? 'Rated: nothing new.\n' : `Rated: ${done} hours of projects, ${points} points.\n`)
  printFailures(outcome, print)
  return outcome
}

async function importNewUsage(service: Service, invocation: Invocation, now: Instant): Promise<void> {
  const { print, signal, ifEnded } = invocation
  const lastSampleAt = (await service.imports.list()).reduce<Instant | undefined>(
    (last, { lastAt }) => (lastAt === undefined || (last !== undefined && last > lastAt) ? last : lastAt),
    undefined,
  )
  const period = samplePeriod(now, lastSampleAt)
  if (!period) {
    print('Usage: nothing new since the last start.\n')
    return
  }
  print('Usage: made up and imported now.\n')
  ifEnded?.(() => 'the usage was not imported and nothing new is rated; the next start goes on from here')
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-quickstart-'))
  const path = join(folder, 'usage.csv')
  try {
    await writeMadeUpCloudCsv(path, period, signal)
    const { rows } = await importWithProgress(service, invocation, path)
    print(
      `Usage: ${rows} samples of a made-up cloud, ${formatInstant(period.begin)} to ${formatInstant(period.end)}.\n`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** From the first imported sample to the end of what is rated. */
async function ratedSpan({ imports, scopes, names, config }: Service): Promise<Period> {
  const { period } = config.options.collect
  const rated = (await scopes.list({ scopeKeys: [names.scopeKey] })).map(({ nextBegin }) => nextBegin)
  const firsts = (await imports.list()).flatMap(({ firstAt }) => (firstAt === undefined ? [] : [firstAt]))
  const end = rated.reduce((last, at) => Math.max(last, at), 0)
  const first = firsts.reduce((least, at) => Math.min(least, at), end)
  return { begin: Math.floor(first / period) * period, end }
}

/** The bill of this time, by project and type. */
async function quickstartBill({ store, batches, names }: Service, { begin, end }: Period): Promise<string> {
  const { rows } = await store.total(
    {
      begin,
      end,
      types: [],
      attributes: new Map(),
      groupby: [groupingBy(names.scopeKey), { by: 'type' }],
      values: [{ function: 'sum', column: 'price', alias: 'rate' }],
      offset: 0,
      limit: undefined,
    },
    await batches.snapshot(),
  )
  const table = billTable(
    rows.map(({ groups, values }) => ({ scopeId: groups[0]!, type: groups[1]!, price: values[0]! })),
  )
  return `The bill from ${instantText(begin)} to ${instantText(end)}:\n${table}`
}
