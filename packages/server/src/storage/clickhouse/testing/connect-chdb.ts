import { byComment, type Chdb, type ChdbConnection, isAboutQueries } from '../../testing/chdb.ts'

/** What a statement says holds for the next ones of its connection too, unless they say otherwise. */
const DEFAULTS = {
  log_comment: '',
  max_execution_time: 0,
  max_memory_usage: '0',
  max_bytes_before_external_group_by: '0',
  max_bytes_before_external_sort: '0',
}

type Asked = Parameters<ChdbConnection['query']>[0]

/** A connection to the engine in this process that keeps to the ids and bounds of statements as a server does. */
export function connectChdb(
  { createChdbConnection }: Pick<Chdb, 'createChdbConnection'>,
  path: string,
): ChdbConnection {
  const connection = createChdbConnection({ path })
  // A connection does one thing after the other, and who ends a query does not wait for it.
  const beside = createChdbConnection({ path })
  const of = ({ query }: Asked) => (isAboutQueries(query) ? beside : connection)
  return {
    query: (params) => of(params).query(alone(params)),
    command: (params) => of(params).command(alone(params)),
    insert: (params) => connection.insert(alone(params)),
    exec: (params) => connection.exec(alone(params)),
    ping: (params) => connection.ping(params),
    async close() {
      await connection.close()
      await beside.close()
    },
  }
}

function alone<T extends Asked>(params: T): T {
  const settings: Record<string, unknown> = { ...DEFAULTS, ...params.clickhouse_settings }
  if (params.query_id !== undefined) settings['log_comment'] = params.query_id
  // There would be no way back from it.
  delete settings['readonly']
  return { ...params, query: byComment(params.query), clickhouse_settings: settings }
}
