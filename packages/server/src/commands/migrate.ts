import { type Invocation, open } from './invocation.ts'

/** Makes or upgrades the schemas of both stores, which opening them does. */
export async function runMigrate(invocation: Invocation): Promise<number> {
  await using stores = await open(invocation)
  invocation.print(`The stores are up to date: ${stores.config.options.state.url.replace(/\/\/[^@/]*@/, '//')}.\n`)
  return 0
}
