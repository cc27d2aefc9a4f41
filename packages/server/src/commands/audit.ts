import { loadConfig } from '../config/load-config.ts'
import type { Instant } from '../domain/period.ts'
import { listAudit, type StoredRecord, type Values } from '../state/audit.ts'
import { configInput, type Invocation } from './invocation.ts'
import { createLogger } from '../wiring/create-logger.ts'
import { openState } from '../wiring/open-state.ts'

/** Prints the newest audit records, oldest first. */
export async function runAuditList(
  invocation: Invocation,
  { since, limit }: { readonly since?: Instant; readonly limit: number },
): Promise<number> {
  const { config } = await loadConfig(configInput(invocation))
  const { DEFAULT, state } = config.options
  await using opened = await openState(state, createLogger({ file: DEFAULT.log_file }).log)
  const records = await listAudit(opened.db, { since, limit })
  for (const record of records.toReversed()) invocation.print(`${renderRecord(record)}\n`)
  if (records.length === limit) invocation.print(`The newest ${limit} are shown; --limit shows more.\n`)
  return 0
}

/** One line: when, who, what, the values of a new or deleted thing, or those that an update changed. */
export function renderRecord(record: StoredRecord): string {
  const { at, who, projectId, requestId, action, kind, target } = record
  const author = projectId === null ? plain(who) : `${plain(who)} of ${plain(projectId)}`
  const what = `${action} ${kind} ${plain(target)}`
  const values = renderValues(record)
  return [at.toISOString(), author, what, values, requestId ?? ''].filter((part) => part !== '').join('  ')
}

function renderValues({ before, after }: Pick<StoredRecord, 'before' | 'after'>): string {
  if (before === null || after === null)
    return Object.entries(after ?? before ?? {})
      .map(given)
      .join(' ')
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names]
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${shown(before, name)} → ${shown(after, name)}`)
    .join(', ')
}

function given([name, value]: [string, unknown]): string {
  return `${name}=${quoted(value)}`
}

function shown(values: Values, name: string): string {
  return values[name] === undefined ? '–' : quoted(values[name])
}

/** Names are what clients chose: a terminal is not to obey them. */
function quoted(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, '\ufffd')
}

function plain(text: string): string {
  return /^[\w.:@ -]+$/.test(text) ? text : quoted(text)
}
