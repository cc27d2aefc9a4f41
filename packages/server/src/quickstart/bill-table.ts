import Table from 'cli-table3'
import { add, toFixed, ZERO, type Decimal } from '../domain/decimal.ts'

/** What one scope owes for one metric type. */
export interface BillRow {
  readonly scopeId: string
  readonly type: string
  readonly price: Decimal
}

const PLACES = 2

/**
 * The bill as a table for the terminal: a line for each scope and one for all of them together, a column for each type and
 * one for the sum, both in order of their names. Sums are exact; only what is printed is cut to cents. Rows of equal
 * scope and type add up.
 */
export function billTable(rows: readonly BillRow[]): string {
  const scopes = [...new Set(rows.map((row) => row.scopeId))].toSorted()
  const types = [...new Set(rows.map((row) => row.type))].toSorted()
  const sum = (scopeId: string | undefined, type: string | undefined) =>
    rows
      .filter((row) => (scopeId ?? row.scopeId) === row.scopeId && (type ?? row.type) === row.type)
      .reduce((total, row) => add(total, row.price), ZERO)
  const line = (title: string, scopeId?: string) => [
    printable(title),
    ...types.map((type) => toFixed(sum(scopeId, type), PLACES)),
    toFixed(sum(scopeId, undefined), PLACES),
  ]

  const table = new Table({
    // Long names break after their dots, so that the table fits a terminal.
    head: ['project', ...types.map((type) => printable(type).replaceAll('.', '.\n')), 'total'],
    colAligns: ['left', ...types.map(() => 'right' as const), 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const scope of scopes) table.push(line(scope, scope))
  table.push(line('all'))
  return table.toString()
}

/** Names come from the source of usage: none of them may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?')
}
