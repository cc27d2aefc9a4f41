import { resolve } from 'node:path'
import { formatInstant } from '../domain/period.ts'
import { type Imported, importFile } from '../intake/import-csv.ts'
import { type RatedBefore, ratedBefore } from '../intake/rated-before.ts'
import { chunksOf } from '../lib/chunks.ts'
import { doubtText } from '../intake/sample-doubts.ts'
import { type UnpricedUsage, unpricedLine } from '../rating/unpriced.ts'
import type { Service } from '../wiring/open-service.ts'
import { ProgressDisplay } from './progress-display.ts'
import { sampleNeeds, typesOf } from '../wiring/sample-needs.ts'
import { apiAddress, shellWord } from './api-address.ts'
import { type Invocation, open } from './invocation.ts'
import { toMegabytes } from './megabytes.ts'

export async function runImport(invocation: Invocation, file: string): Promise<number> {
  await using service = await open(invocation)
  const { print, ifEnded } = invocation
  ifEnded?.(() => `nothing of ${file} was imported; import it again`)
  const imported = await importWithProgress(service, invocation, resolve(invocation.cwd, file))
  const { again, rows, firstAt, lastAt } = imported
  ifEnded?.(() => `${file} is imported; its periods are rated when they are due`)
  if (again) {
    print(`${file} was imported before (${rows} samples): nothing to do.\n`)
    return 0
  }
  const span = firstAt === undefined ? '' : `, from ${formatInstant(firstAt)} to ${formatInstant(lastAt ?? firstAt)}`
  print(`Imported ${rows} samples of ${file}${span}.\n`)
  printDoubts(service.config, imported, print)
  await adviseOnRated(service, imported, print)
  await warnUnpriced(service, imported, print)
  return 0
}

export async function importWithProgress(
  service: Service,
  { signal, terminal, env }: Pick<Invocation, 'signal' | 'terminal' | 'env'>,
  path: string,
): Promise<Imported> {
  const { config, log, names, telemetry } = service
  using check = new ProgressDisplay('checking', 'MB', { log, terminal })
  using write = new ProgressDisplay('importing', 'MB', { log, terminal })
  return await importFile(
    { ...service, events: telemetry.intake },
    {
      path,
      scopeKey: names.scopeKey,
      textBytesMax: service.config.options.storage.max_attribute_bytes,
      who: env['USER'] ?? 'unknown',
      signal,
      needs: sampleNeeds(config),
      onProgress: ({ phase, bytes, totalBytes, rows }) =>
        (phase === 'check' ? check : write).update(toMegabytes(bytes), toMegabytes(totalBytes), { rows }),
    },
  )
}

/** What is likely to be a mistake, with the lines where it was seen. */
function printDoubts(config: Service['config'], { doubts }: Imported, print: (text: string) => void): void {
  const needs = sampleNeeds(config)
  if (!needs) {
    const { name } = config.collector.plugin
    print(`The collector is ${name}, which reads no samples: they are rated once [collect] collector is samples.\n`)
    return
  }
  for (const doubt of doubts.slice(0, DOUBTS_SHOWN)) print(`Doubtful: ${doubtText(doubt, needs)}.\n`)
  if (doubts.length > DOUBTS_SHOWN) print(`... and ${doubts.length - DOUBTS_SHOWN} more such doubts.\n`)
}

/** The last line: usage that would cost nothing by the rules as they stand. */
async function warnUnpriced(
  { config, pipeline }: Service,
  { names, firstAt }: Imported,
  print: (text: string) => void,
): Promise<void> {
  const types = typesOf(config, names)
  if (firstAt === undefined || types.size === 0) return
  const rater = await pipeline.load()
  const usages = [...types].flatMap(([type, points]): UnpricedUsage[] => {
    const reason = rater.whyTypeUnpriced(type, firstAt)
    return reason ? [{ type, reason, points }] : []
  })
  const line = unpricedLine(usages, 'samples')
  if (line !== undefined) print(`${line}\n`)
}

/** Samples of periods that are rated already change no bill by themselves: says how to have those rated again. */
async function adviseOnRated(
  { scopes, names, time, config: { options } }: Service,
  imported: Imported,
  print: (text: string) => void,
): Promise<void> {
  const rows = await scopes.list({ scopeKeys: [names.scopeKey], active: [true] })
  const rules = { periodSeconds: time.periodSeconds, keptFrom: time.keptFrom() }
  const found = ratedBefore(rows, imported.scopes, rules)
  const requests = found.flatMap(({ scopeIds, ...period }) =>
    [...chunksOf(scopeIds, SCOPES_PER_REQUEST)].map((some) => ({ ...period, scopeIds: some })),
  )
  if (requests.length === 0) return
  const touched = new Set(found.flatMap(({ scopeIds }) => scopeIds)).size
  print(
    `${touched === 1 ? '1 of its scopes was' : `${touched} of its scopes were`} rated before without these samples. ` +
      'While the service runs, this has those periods rated again:\n',
  )
  for (const request of requests.slice(0, REQUESTS_SHOWN))
    print(`${reprocessRequest(options, request, imported.name)}\n`)
  if (requests.length > REQUESTS_SHOWN) {
    print(`... and ${requests.length - REQUESTS_SHOWN} more such requests, for the other scopes and periods.\n`)
  }
}

function reprocessRequest(
  { api, DEFAULT }: Service['config']['options'],
  { begin, end, scopeIds }: RatedBefore,
  name: string,
): string {
  const body = {
    scope_ids: scopeIds,
    start_reprocess_time: formatInstant(begin),
    end_reprocess_time: formatInstant(end),
    reason: `samples of ${name}`,
  }
  const token = DEFAULT.auth_strategy === 'noauth' ? '' : ' -H "X-Auth-Token: $TOKEN"'
  return `  curl -X POST ${apiAddress(api, api.port)}/v2/task/reprocesses${token} -H 'Content-Type: application/json' -d ${shellWord(JSON.stringify(body))}`
}

/** A line of a terminal can hold so many; what is longer is in several requests. */
const SCOPES_PER_REQUEST = 100
const REQUESTS_SHOWN = 10
const DOUBTS_SHOWN = 20
