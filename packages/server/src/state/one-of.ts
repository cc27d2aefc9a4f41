import { type Column, inArray, type SQL, sql, type SQLWrapper } from 'drizzle-orm'

/**
 * Whether a column has one of some values, however many: they are one parameter, where `inArray` makes one of each and a
 * statement takes 65,535 at most. False for none.
 */
export function isOneOf(column: Column | SQL, values: readonly (string | number | boolean)[]): SQL {
  return sql`${column} = ANY(${sql.param([...values])})`
}

/** Whether a column has one of the values that a question finds. */
export function isAmong(column: Column, question: SQLWrapper): SQL {
  return inArray(column, question)
}
