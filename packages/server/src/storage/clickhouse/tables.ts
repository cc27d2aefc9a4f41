/** The tables' names as they stand in SQL: with their database, quoted. */
export interface Tables {
  readonly schemaVersion: string
  readonly series: string
  readonly attributes: string
  readonly points: string
  readonly sampleSeries: string
  readonly samples: string
  readonly written: string
  readonly storeIdentity: string
}

export function tablesOf(database: string): Tables {
  const name = (table: string) => `${quoteIdentifier(database)}.${table}`
  return {
    schemaVersion: name('schema_version'),
    series: name('series'),
    attributes: name('attributes'),
    points: name('points'),
    sampleSeries: name('sample_series'),
    samples: name('samples'),
    written: name('written'),
    storeIdentity: name('store_identity'),
  }
}

export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}

/** A text that has to stand in the SQL itself, where no parameter can: an engine's arguments. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
