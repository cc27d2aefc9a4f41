import { formatStateAddress } from '../config/state-address.ts'
import { type Invocation, open } from './invocation.ts'

/** Makes or upgrades the schemas of both stores, which opening them does. */
export async function runMigrate(invocation: Invocation): Promise<number> {
  invocation.ifEnded?.(
    () => 'the stores are upgraded step by step, each whole or not at all; migrate again goes on from there',
  )
  await using service = await open(invocation)
  invocation.ifEnded?.(() => 'the stores are up to date')
  const address = formatStateAddress(service.config.options.state.url).replace(/\/\/[^@/]*@/, '//')
  invocation.print(`The stores are up to date: ${address}.\n`)
  return 0
}
