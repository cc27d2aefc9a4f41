import { exactSql } from './stored-value.ts'

/**
 * The tables, as a list of upgrades: entry N brings a file from version N to N + 1. Entries that were released are never
 * changed. `series`, `rules` and `sample_series` are numbered densely by us rather than keyed by their 64-bit hash: a
 * hash takes eight bytes a point that no compression shortens, a number two, and grouping by it is twice as fast.
 */
export const UPGRADES: readonly (readonly string[])[] = [
  [
    // groupby and metadata are JSON as it was given; id is domain/series.ts's.
    `CREATE TABLE series (number INTEGER, id BIGINT, scope_id VARCHAR, type VARCHAR, unit VARCHAR,
       groupby VARCHAR, metadata VARCHAR)`,
    // A series' attributes as the texts they are filtered and grouped by; groupby has won over metadata; empty texts are
    // left out. A table, not a MAP column: reading one name of all series is three to five times faster this way.
    'CREATE TABLE attributes (series INTEGER, name VARCHAR, value VARCHAR)',
    // rules: JSON list of rule ids in the order they were applied.
    'CREATE TABLE rule_sets (number INTEGER, rules VARCHAR)',
    // quantity and price lie in three columns each, see stored-value.ts. Instants are Unix seconds.
    `CREATE TABLE points (batch BIGINT, begin_at BIGINT, end_at BIGINT, series INTEGER, rules INTEGER, rest UTINYINT,
       quantity BIGINT, price BIGINT, quantity_atto INTEGER, price_atto INTEGER,
       quantity_high BIGINT, price_high BIGINT)`,
    // identity: JSON of the name and the labels sorted by name. value: units of 1e-18.
    'CREATE TABLE sample_series (number INTEGER, identity VARCHAR, name VARCHAR)',
    'CREATE TABLE sample_labels (series INTEGER, name VARCHAR, value VARCHAR)',
    'CREATE TABLE samples (batch BIGINT, instant BIGINT, series INTEGER, value HUGEINT)',
    // For people with a DuckDB shell: every row of the file, whether a snapshot shows it or not.
    `CREATE VIEW rated_points AS
       SELECT batch, make_timestamp(begin_at * 1000000) AS begin_at, make_timestamp(end_at * 1000000) AS end_at,
         scope_id, type, unit, ${asDecimal('quantity')} AS quantity, ${asDecimal('price')} AS price,
         groupby, metadata, coalesce(rule_sets.rules, '[]') AS rules
       FROM points p JOIN series ON series.number = p.series LEFT JOIN rule_sets ON rule_sets.number = p.rules`,
  ],
  [
    // scope is the scope's number: that of the first of its series. Points carry it too, and those of one scope lie
    // together (order-points.ts), so that who asks for one scope reads little of the file.
    'ALTER TABLE series ADD COLUMN scope INTEGER',
    `UPDATE series SET scope = first.number FROM (SELECT scope_id, min(number) AS number FROM series GROUP BY scope_id) first
       WHERE first.scope_id = series.scope_id`,
    'ALTER TABLE points RENAME TO points_before',
    'CREATE TABLE points AS SELECT p.*, s.scope FROM points_before p JOIN series s ON s.number = p.series ORDER BY p.rowid',
    'DROP TABLE points_before',
    // Points of batches up to this one are in order.
    'CREATE TABLE points_in_order (up_to BIGINT)',
    'INSERT INTO points_in_order VALUES (0)',
  ],
  [
    // Which file this is; its copies and backups say the same.
    'CREATE TABLE store_identity AS SELECT uuid()::VARCHAR AS identity',
    // Rows that each write has written, noted in its transaction and kept when they are deleted.
    'CREATE TABLE written (batch BIGINT, points BIGINT, samples BIGINT)',
  ],
]

/** A stored value as `DECIMAL(38,18)`, without a multiplication that DuckDB would refuse for its width. */
function asDecimal(column: 'quantity' | 'price'): string {
  const exact = exactSql(column)
  const unit = '1000000000000000000'
  return `(CAST(${exact} // ${unit} AS DECIMAL(38,18))
    + CAST(${exact} % ${unit} AS DECIMAL(18,0)) * CAST('0.000000000000000001' AS DECIMAL(18,18)))`
}
