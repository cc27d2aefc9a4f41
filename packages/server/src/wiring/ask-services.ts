import { KeystoneAuthenticator } from '../auth/keystone/keystone-authenticator.ts'
import type { Config } from '../config/load-config.ts'
import { maskAddress } from '../config/config-fault.ts'
import { sectionOf } from '../config/plugin-kinds.ts'
import { SeriesRegistry } from '../domain/series-registry.ts'
import { answerWithin } from '../lib/answer-within.ts'
import { errorText } from '../lib/fault.ts'
import type { Probe } from '../lib/probe.ts'
import { made } from './make-plugin.ts'
import { NO_SAMPLES } from './no-samples.ts'
import { stateProbe } from './open-state.ts'
import type { Role } from './role.ts'

/** What came of a question to a service that this program stands on. */
export interface Asked {
  readonly answered: boolean
  /** For people, without secrets. */
  readonly line: string
}

/** One part of the program, what it can ask, and which section says whom. */
interface Part {
  readonly name: string
  readonly section: string
  /** Undefined: it has nothing to ask. */
  readonly open: () => Promise<Opened> | Opened
}
interface Opened extends Partial<AsyncDisposable> {
  readonly probe?: Probe | undefined
}

/** Asks all services that a start in this role would use, at the same time, each for so long at most. */
export function askServices(
  config: Config,
  role: Role,
  { signal, withinMs }: { readonly signal: AbortSignal; readonly withinMs: number },
): Promise<Asked[]> {
  return Promise.all(partsOf(config, role, withinMs).map((part) => ask(part, signal, withinMs)))
}

function partsOf({ options, collector, fetcher, store }: Config, role: Role, withinMs: number): Part[] {
  const { DEFAULT, collect, state, keystone_authtoken: authtoken } = options
  const context = {
    scopeKey: collect.scope_key,
    periodSeconds: collect.period,
    series: new SeriesRegistry({ bytesMax: 1024 }),
    ...NO_SAMPLES,
  }
  const parts: Part[] = []
  if (role !== 'api') {
    parts.push({
      name: 'collector',
      section: sectionOf('collector', collector.plugin.name),
      open: () => made('collector', collector, context),
    })
    parts.push({
      name: 'fetcher',
      section: sectionOf('fetcher', fetcher.plugin.name),
      open: () => made('fetcher', fetcher, context),
    })
  }
  if (role !== 'processor' && DEFAULT.auth_strategy === 'keystone') {
    parts.push({
      name: 'Keystone',
      section: 'keystone_authtoken',
      open: () => new KeystoneAuthenticator(authtoken, { isAdmin: () => false }),
    })
  }
  parts.push({ name: 'state', section: 'state', open: () => ({ probe: stateProbe(state.url, withinMs) }) })
  parts.push({
    name: 'points',
    section: sectionOf('store', store.plugin.name),
    open: () => ({
      probe: store.plugin.probe && {
        asks: store.plugin.whereabouts(store.options),
        run: (signal) => store.plugin.probe!(store.options, signal),
      },
    }),
  })
  return parts
}

async function ask({ name, section, open }: Part, signal: AbortSignal, withinMs: number): Promise<Asked> {
  const toLine = (asks: string, said: string) => `${name.padEnd(9)}  ${maskAddress(asks)}: ${maskAddress(said)}`
  let opened: Opened | undefined
  let asks = `[${section}]`
  try {
    opened = await open()
    const { probe } = opened
    if (!probe) return { answered: true, line: toLine(asks, 'asks nobody') }
    asks = probe.asks
    const begun = performance.now()
    const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
    const word = await answerWithin(probe.run(limit), withinMs)
    const ms = Math.max(1, Math.round(performance.now() - begun))
    return { answered: true, line: toLine(asks, `answered in ${ms} ms${word === undefined ? '' : `: ${word}`}`) }
  } catch (error) {
    signal.throwIfAborted()
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    const reason = (isLate ? `no answer within ${withinMs} ms` : errorText(error)).replace(/\.$/, '')
    const said = `did not answer: ${reason}; see that it runs and can be reached from here, and look at [${section}]`
    return { answered: false, line: toLine(asks, said) }
  } finally {
    await opened?.[Symbol.asyncDispose]?.()
  }
}
