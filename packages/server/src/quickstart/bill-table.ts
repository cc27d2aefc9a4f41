import Table from 'cli-table3'
import { add, toFixed, ZERO, type Decimal } from '../domain/decimal.ts'

/** What one scope owes for one metric type. */
export interface BillRow {
  readonly scopeId: string
  readonly type: string
  readonly price: Decimal
}

const PLACES = 2
/** Of any terminal. */
const WIDTH_MAX = 80
const SIDES = ['left', 'left-mid', 'top-left', 'bottom-left', 'right', 'right-mid', 'top-right', 'bottom-right']
const NAME_MAX = 50
const PRICE_WIDTH = 24

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
    // No frame at the sides: two more columns of characters for figures.
    chars: Object.fromEntries(SIDES.map((side) => [side, ''])),
    style: { head: [], border: [], compact: true, 'padding-left': 0 },
  })
  for (const scope of scopes) table.push(line(scope, scope))
  table.push(line('all'))
  const text = table.toString().replaceAll(/ +$/gm, '')
  return widest(text) <= WIDTH_MAX ? text : billList([...scopes, undefined], types, sum)
}

/** Where there is no room for columns: a block for each project. */
function billList(
  scopes: readonly (string | undefined)[],
  types: readonly string[],
  sum: (scopeId: string | undefined, type: string | undefined) => Decimal,
): string {
  const lines = (scopeId: string | undefined) => [
    printable(scopeId ?? 'all'),
    ...[...types, undefined].map((type) => {
      const name = printable(type ?? 'total').slice(0, NAME_MAX)
      return `  ${name.padEnd(NAME_MAX)} ${toFixed(sum(scopeId, type), PLACES).padStart(PRICE_WIDTH)}`
    }),
  ]
  return scopes.flatMap(lines).join('\n')
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length))
}

/** Names come from the source of usage: none of them may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?')
}
