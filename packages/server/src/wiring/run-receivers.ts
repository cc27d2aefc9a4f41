import { setTimeout as sleep } from 'node:timers/promises'
import { Disposer } from '../lib/disposer.ts'
import type { Receiver } from '../intake/receiver.ts'
import { takeSamples } from '../intake/take-samples.ts'
import { made } from './make-plugin.ts'
import type { Service } from './open-service.ts'

/** Before a receiver that has ended or thrown is run again. */
const AGAIN_MS = 10_000

/** Runs the receivers that configuration names until the signal is aborted. Disposal waits for them to end. */
export async function runReceivers(service: Service, signal: AbortSignal): Promise<AsyncDisposable> {
  const { config, names, telemetry } = service
  const owned = new Disposer()
  try {
    for (const chosen of config.receivers) {
      const { name } = chosen.plugin
      const author = { who: `receiver ${name}` }
      // oxlint-disable-next-line no-await-in-loop -- one after the other, so that each is disposed of should the next one fail
      const receiver = await made('receiver', chosen, {
        scopeKey: names.scopeKey,
        take: (samples) =>
          takeSamples({ ...service, events: telemetry.intake }, samples, { scopeKey: names.scopeKey, author, signal }),
      })
      owned.use(receiver)
      const running = runOn(receiver, name, { telemetry, signal })
      owned.defer(() => running)
    }
    return owned
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}

async function runOn(
  receiver: Receiver,
  name: string,
  { telemetry, signal }: Pick<Service, 'telemetry'> & { signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    let err: unknown = new Error('it ended, though it was not told to')
    try {
      // oxlint-disable-next-line no-await-in-loop -- again and again
      await receiver.run(signal)
    } catch (error) {
      err = error
    }
    if (signal.aborted) return
    telemetry.intake.receiverStumbled(name, err, AGAIN_MS / 1000)
    // oxlint-disable-next-line no-await-in-loop -- again and again
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => {})
  }
}
