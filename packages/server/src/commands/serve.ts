import { formatFault } from '../config/config-fault.ts'
import { type MetricsWatch, watchMetrics } from '../config/watch-metrics.ts'
import { listen } from '../http/listen.ts'
import { Disposer } from '../lib/disposer.ts'
import { Fault } from '../lib/fault.ts'
import { runForEver } from '../processor/round.ts'
import { loadPolicy } from '../auth/policy/load-policy.ts'
import { apiAddress } from './api-address.ts'
import { configure, type Invocation } from './invocation.ts'
import type { Role } from '../wiring/role.ts'
import { createProbes } from '../wiring/create-probes.ts'
import { type Api, createApi, listenLimits } from '../wiring/create-api.ts'
import { openProcessor, type ProcessorSettings, type ProcessorUnit } from '../wiring/open-processor.ts'
import { openService, type Service } from '../wiring/open-service.ts'
import { ProgressDisplay } from './progress-display.ts'
import { warnUnpriced } from '../wiring/warn-unpriced.ts'
import { runReceivers } from '../wiring/run-receivers.ts'

/** Serves; at SIGHUP it opens the log file anew and reads metrics.yml and the policy files again, as logrotate wants it. */
export async function runServe(
  invocation: Invocation,
  role: Role,
  { trustClock }: ProcessorSettings = {},
): Promise<number> {
  let reload = () => {}
  using _ = invocation.onHangup?.(() => reload())
  invocation.ifEnded?.(() => 'the service was not yet up; the next start goes on from what is committed')
  const { config, log, reopenLog } = await configure(invocation, role)
  await using service = await openService(config, log)
  await serve(service, invocation, role, {
    trustClock,
    onRunning(running) {
      reload = () => {
        reopenLog()
        log.info('got SIGHUP: the log file is open anew; metrics.yml and the policy files are read again')
        running.readAgain()
      }
    },
  })
  return 0
}

/** What a running service can be told. */
export interface Running {
  /** Takes metrics.yml and the policy files as they are now; faulty ones are logged, and the old ones stay. */
  readonly readAgain: () => void
}

export interface ServeOptions extends ProcessorSettings {
  readonly onRunning?: (running: Running) => void
  /** The API answers at this address. */
  readonly onListening?: (address: string) => void
}

/** Serves until the signal is aborted, then ends what is under way in good order. */
export async function serve(
  service: Service,
  { signal, print, ifEnded }: Invocation,
  role: Role,
  { onRunning, onListening, trustClock }: ServeOptions = {},
): Promise<void> {
  const { log, config, modules, names } = service
  const on = [...(await modules.all())].filter(([, { enabled }]) => enabled).map(([name]) => name)
  const unpriced = warnUnpriced(on)
  if (unpriced) log.warn(unpriced)
  let api: Api | undefined
  let watch: MetricsWatch | undefined
  onRunning?.({
    readAgain() {
      void watch?.check()
      if (api) readPolicyAgain(service, api)
    },
  })
  ifEnded?.(() => 'the service has ended; what was being rated is rated after the next start')
  await using owned = new Disposer()
  if (role !== 'processor') {
    const { host, port } = config.options.api
    const limits = listenLimits(config.options)
    const { app } = (api = owned.use(createApi(service)))
    const { max_connections: connections } = config.options.api
    const onCrowded = () =>
      log.warn(
        { connections },
        'connections were cut, since as many are open as [api] max_connections lets: raise it, or look who opens them',
      )
    const start = () => listen(app, { host, port, ...limits, drainMs: DRAIN_MS, onCrowded })
    const listener = owned.use(await listenOrExplain(start, { host, port, section: 'api' }))
    const address = apiAddress(config.options.api, listener.port)
    const example = `${address}/v2/summary?groupby=${encodeURIComponent(names.scopeKey)}`
    print(`Answering on ${address}, for instance ${example} for this month (Ctrl-C ends it).\n`)
    onListening?.(address)
    log.info({ address, role }, 'serving')
    owned.use(await runReceivers(service, signal))
  } else {
    const { host, port } = config.options.processor
    const listener = owned.use(
      await listenOrExplain(() => listen(createProbes(service), { host, port }), { host, port, section: 'processor' }),
    )
    log.info({ host, port: listener.port, role }, 'answering /healthcheck and /metrics')
  }
  if (role === 'api') {
    await untilAborted(signal)
  } else {
    const unit = owned.use(await openProcessor(service, { trustClock }))
    watch = owned.use(followMetrics(service, unit, signal))
    using display = new ProgressDisplay('rating', 'scope periods', { log, terminal: false })
    await runForEver(unit.round, {
      signal,
      onProgress: ({ done, due, points }) => display.update(done, due, { points }),
    })
  }
  log.info('stopping')
}

/** A changed metrics.yml is taken between batches; a faulty one is told and the old one stays. */
function followMetrics({ config, log }: Service, unit: ProcessorUnit, signal: AbortSignal): MetricsWatch {
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

function readPolicyAgain({ config, log }: Service, api: Api): void {
  try {
    api.setPolicy(loadPolicy(config.options.oslo_policy, config.configDir))
  } catch (error) {
    log.error({ err: error }, 'the policy files are faulty; the old rules stay')
  }
}

/** Requests under way get so long when the service is asked to end. */
const DRAIN_MS = 700

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
