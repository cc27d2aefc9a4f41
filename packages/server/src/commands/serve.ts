import { formatFault } from '../config/config-fault.ts'
import { watchMetrics } from '../config/watch-metrics.ts'
import { listen } from '../http/listen.ts'
import { Disposer } from '../lib/disposer.ts'
import { Fault } from '../lib/fault.ts'
import { runForEver } from '../processor/round.ts'
import { type Invocation, open } from './invocation.ts'
import { createApi, listenLimits } from '../wiring/create-api.ts'
import { createProbes } from '../wiring/create-probes.ts'
import { openProcessor, type ProcessorUnit, type Stores } from '../wiring/open-service.ts'
import { ProgressDisplay } from '../wiring/progress-display.ts'
import { runReceivers } from '../wiring/run-receivers.ts'
import type { Role } from '../wiring/try-out.ts'

export async function runServe(invocation: Invocation, role: Role): Promise<number> {
  await using stores = await open(invocation, role)
  await serve(stores, invocation, role)
  return 0
}

/** Serves until the signal is aborted, then ends what is under way in good order. */
export async function serve(stores: Stores, { signal, print }: Invocation, role: Role): Promise<void> {
  const { log, config } = stores
  await using owned = new Disposer()
  if (role !== 'processor') {
    const { host, port } = config.options.api
    const limits = listenLimits(config.options)
    const api = owned.use(createApi(stores))
    const listener = owned.use(
      await listenOrExplain(() => listen(api.app, { host, port, ...limits }), { host, port, section: 'api' }),
    )
    const address = `http://${host.includes(':') ? `[${host}]` : host}:${listener.port}`
    print(`Answering on ${address}, for instance ${address}/v2/summary?groupby=project_id (Ctrl-C ends it).\n`)
    log.info({ address, role }, 'serving')
    owned.use(await runReceivers(stores, signal))
  } else {
    const { host, port } = config.options.processor
    const listener = owned.use(
      await listenOrExplain(() => listen(createProbes(stores), { host, port }), { host, port, section: 'processor' }),
    )
    log.info({ host, port: listener.port, role }, 'answering /healthcheck and /metrics')
  }
  if (role === 'api') {
    await untilAborted(signal)
  } else {
    const unit = owned.use(await openProcessor(stores))
    owned.use(followMetrics(stores, unit, signal))
    using display = new ProgressDisplay('rating', 'scope periods', { log, terminal: false })
    await runForEver(unit.round, {
      signal,
      onProgress: ({ done, due, points }) => display.update(done, due, { points }),
    })
  }
  log.info('stopping')
}

/** A changed metrics.yml is taken between batches; a faulty one is told and the old one stays. */
function followMetrics({ config, log }: Stores, unit: ProcessorUnit, signal: AbortSignal): AsyncDisposable {
  const path = config.options.collect.metrics_conf
  return watchMetrics({
    path,
    context: config.metricsContext,
    text: config.metricsText,
    signal,
    onChange(file) {
      unit.setMetrics(file.metrics)
      log.info({ path, types: file.metrics.map((metric) => metric.type) }, 'metrics.yml has changed and is in force')
    },
    onFaults(faults) {
      log.error({ path, faults: faults.map(formatFault) }, 'metrics.yml has changed and is faulty; the old one stays')
    },
  })
}

/** Throws the fault of a port that cannot be taken, before there is work that would be in vain. */
export async function assertPortIsFree(host: string, port: number): Promise<void> {
  const nothing = { fetch: () => Promise.resolve(new Response(null, { status: 503 })) }
  const listener = await listenOrExplain(() => listen(nothing, { host, port }), { host, port, section: 'api' })
  await listener[Symbol.asyncDispose]()
}

interface Where {
  readonly host: string
  readonly port: number
  /** Of cloudkitty.conf, which sets both. */
  readonly section: 'api' | 'processor'
}

async function listenOrExplain<T>(start: () => Promise<T>, { host, port, section }: Where): Promise<T> {
  try {
    return await start()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const option = `[${section}] port (or OS_${section.toUpperCase()}__PORT)`
    const reason =
      code === 'EADDRINUSE'
        ? `port ${port} of ${host} is taken: stop what uses it, or set ${option} to another one`
        : code === 'EACCES'
          ? `port ${port} of ${host} may not be used by this user: set ${option} to one above 1023`
          : code === 'EADDRNOTAVAIL'
            ? `${host} is no address of this machine: set [${section}] host`
            : `cannot listen on ${host}:${port}: ${message}`
    throw new Fault('api.cannot_listen', reason, { host, port }, { cause })
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
