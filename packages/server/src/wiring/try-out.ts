import type { Role } from './role.ts'
import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { KeystoneAuthenticator } from '../auth/keystone/keystone-authenticator.ts'
import type { Unopened } from '../config/report-unopened.ts'
import { SeriesRegistry } from '../domain/series-registry.ts'
import { Fault } from '../lib/fault.ts'
import { made } from './make-plugin.ts'
import { NO_SAMPLES } from './no-samples.ts'

/**
 * What a start in this role would refuse, beyond what each option says by itself: whatever talks to others is made, asks
 * nothing, and is thrown away; folders of embedded stores are looked at. All faults, each `config.invalid` or of the like.
 */
export async function tryOut({ options, collector, fetcher, store }: Unopened, role: Role): Promise<Fault[]> {
  const faults: Fault[] = []
  const tried = async (make: () => Promise<AsyncDisposable | undefined> | AsyncDisposable | undefined) => {
    try {
      await (await make())?.[Symbol.asyncDispose]()
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      faults.push(error)
    }
  }
  const { DEFAULT, keystone_authtoken: authtoken, collect, state } = options
  if (role !== 'processor' && DEFAULT?.auth_strategy === 'keystone' && authtoken) {
    await tried(() => new KeystoneAuthenticator(authtoken, { isAdmin: () => false }))
  }
  if (role !== 'api' && collect) {
    const context = {
      scopeKey: collect.scope_key,
      periodSeconds: collect.period,
      series: new SeriesRegistry({ bytesMax: 1024 }),
      ...NO_SAMPLES,
    }
    if (collector) await tried(() => made('collector', collector, context))
    if (fetcher) await tried(() => made('fetcher', fetcher, context))
  }
  const file = store?.plugin.embedded?.file(store.options)
  if (store && file !== undefined) {
    const section = `[storage_${store.plugin.name}]`
    await tried(() => requireUsable(dirname(file), `${section} path: the folder of ${file}`))
  }
  const address = state?.url
  if (address?.kind === 'embedded') await tried(() => requireUsable(address.folder, '[state] url: the folder'))
  return faults
}

/** A folder that is there, or can be made: nothing is made here. */
async function requireUsable(folder: string, what: string): Promise<undefined> {
  for (let at = folder; ; at = dirname(at)) {
    // oxlint-disable-next-line no-await-in-loop -- from the folder upwards, until one is there
    const found = await stat(at).catch((error: NodeJS.ErrnoException) => error)
    if (found instanceof Error && found.code === 'ENOENT' && at !== dirname(at)) continue
    const refuse = (reason: string): never => {
      throw new Fault('config.invalid', `${what} cannot be used: ${reason}; name another one`, { folder })
    }
    if (found instanceof Error) return refuse(found.code === 'ENOTDIR' ? `${dirname(at)} is no folder` : found.message)
    if (!found.isDirectory()) return refuse(`${at} is no folder`)
    // oxlint-disable-next-line no-await-in-loop -- the last time
    const closed = await access(at, constants.W_OK | constants.X_OK).then(
      () => false,
      () => true,
    )
    return closed ? refuse(`this user may not write into ${at}`) : undefined
  }
}
