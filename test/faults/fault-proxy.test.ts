import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { Disposer } from '../../packages/server/src/lib/disposer.ts'
import { serveHttp, type TestServer } from '../../packages/server/src/lib/testing/serve-http.ts'
import { FaultProxy } from './fault-proxy.ts'

const BODY = 'x'.repeat(100_000)
let owned = new Disposer()

afterEach(async () => {
  await owned[Symbol.asyncDispose]()
  owned = new Disposer()
})

async function open(): Promise<{ proxy: FaultProxy; server: TestServer; ask: () => Promise<string> }> {
  const server = owned.use(await serveHttp((_request, response) => response.end(BODY)))
  const proxy = owned.use(
    await FaultProxy.start({ host: '127.0.0.1', port: Number(new URL(server.url).port) }, () => 0.5),
  )
  const agent = new Agent({ connections: 1 })
  owned.defer(() => agent.destroy())
  const ask = async (): Promise<string> => {
    const { body } = await request(`http://127.0.0.1:${proxy.port}/`, { dispatcher: agent })
    return body.text()
  }
  return { proxy, server, ask }
}

test('it passes everything on while there is no fault, and again once a fault is lifted', async () => {
  const { proxy, ask } = await open()
  expect(await ask()).toBe(BODY)
  for (const fault of ['refuse', 'cut', 'lose'] as const) {
    await proxy.set(fault)
    await expect(ask(), `${fault} holds`).rejects.toThrow(/ECONNREFUSED|closed|terminated|reset/i)
    await proxy.lift()
    expect(await ask(), `${fault} is lifted`).toBe(BODY)
  }
})

test('an answer is lost after its request was delivered, and cut after some of it', async () => {
  const { proxy, server, ask } = await open()
  await proxy.set('lose')
  await expect(ask()).rejects.toThrow(/closed/)
  expect(server.requests).toHaveLength(1)
  await proxy.set('cut')
  await expect(ask()).rejects.toThrow(/terminated|closed/)
  expect(server.requests).toHaveLength(2)
})

test('what is stalled arrives when it is let go', async () => {
  const { proxy, server, ask } = await open()
  expect(await ask()).toBe(BODY)
  await proxy.set('stall')
  const answer = ask()
  expect(await Promise.race([answer, sleep(200, 'nothing')])).toBe('nothing')
  expect(server.requests).toHaveLength(1)
  await proxy.lift()
  expect(await answer).toBe(BODY)
})

test('a slow answer arrives whole', async () => {
  const { proxy, ask } = await open()
  await proxy.set('slow')
  expect(await ask()).toBe(BODY)
})
