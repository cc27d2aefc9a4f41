import { HELD } from '../backup/back-up.ts'
import { Maintenance } from '../state/maintenance.ts'
import { configure, type Invocation } from './invocation.ts'
import { openState } from '../wiring/open-state.ts'

/**
 * Keeps all processors from deleting anything from the points store for a while, as `backup` does by itself for embedded
 * stores: while PostgreSQL and then ClickHouse are backed up by their own means.
 */
export async function runHold(
  invocation: Invocation,
  { hours, end = false }: { hours: number; end?: boolean },
): Promise<number> {
  const { config, log } = await configure(invocation)
  await using state = await openState(config.options.state, log)
  const maintenance = new Maintenance(state.db)
  invocation.ifEnded?.(() => 'it may have been done or not; start it again')
  if (end) {
    await maintenance.release(HELD)
    invocation.print('What no reader sees and what is older than is kept may be deleted again.\n')
  } else {
    await maintenance.hold(HELD, hours * 3600)
    invocation.print(
      `Nothing is deleted from the points store for ${hours} hours, or until \`cloudtabbyd hold --end\`.\n`,
    )
  }
  invocation.ifEnded?.(() => 'it is done')
  return 0
}
