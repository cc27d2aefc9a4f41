import { formatStateAddress } from '../config/state-address.ts'
import { type Invocation, open } from './invocation.ts'

/** Makes or upgrades the schemas of both stores, which opening them does. */
export async function runMigrate(invocation: Invocation): Promise<number> {
  await using stores = await open(invocation)
  const address = formatStateAddress(stores.config.options.state.url).replace(/\/\/[^@/]*@/, '//')
  invocation.print(`The stores are up to date: ${address}.\n`)
  return 0
}
