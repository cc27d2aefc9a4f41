type Rows = readonly Readonly<Record<string, unknown>>[]

/** The names of the rating modules that are on, of a database whose schema may be an older one, or missing. */
export async function enabledModules(query: (sql: string) => Promise<Rows>): Promise<readonly string[]> {
  const [table] = await query(`SELECT to_regclass('modules_state') IS NOT NULL AS found`)
  if (table?.['found'] !== true) return []
  return (await query('SELECT name FROM modules_state WHERE state ORDER BY name')).map((row) => String(row['name']))
}
