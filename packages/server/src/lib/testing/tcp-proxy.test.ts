import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { expect, test } from 'vitest'
import { Disposer } from '../disposer.ts'
import { serveHttp } from './serve-http.ts'
import { TcpProxy, type TcpProxyOptions } from './tcp-proxy.ts'

const BODY = 'x'.repeat(100_000)
const BROKEN = /ECONNREFUSED|ECONNRESET|EPIPE|closed|terminated/

/** A server behind a proxy; `ask` sends a question by the one connection that there is. */
async function open(options: Pick<TcpProxyOptions, 'placeOf'> = {}) {
  const owned = new Disposer()
  const server = owned.use(await serveHttp((_request, response) => response.end(BODY)))
  const proxy = owned.use(await TcpProxy.start(`${server.url}/path`, { random: () => 0.5, ...options }))
  const agent = new Agent({ connections: 1 })
  owned.defer(() => agent.destroy())
  const ask = async (question = ''): Promise<string> => {
    const { body } = await request(proxy.url, { method: 'POST', body: question, dispatcher: agent })
    return body.text()
  }
  return { proxy, server, agent, ask, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
}

test('it passes everything on while there is no fault, and again once a fault is lifted', async () => {
  await using opened = await open()
  const { proxy, server, ask } = opened
  expect(await ask(BODY)).toBe(BODY)
  expect(server.requests).toMatchObject([{ url: '/path', body: BODY }])
  const { url } = proxy
  for (const fault of ['refuse', 'cut', 'lose'] as const) {
    await proxy.set(fault)
    await expect(ask(), `${fault} holds`).rejects.toThrow(BROKEN)
    await proxy.lift()
    expect(await ask(), `${fault} is lifted`).toBe(BODY)
  }
  expect(proxy.url).toBe(url)
})

test('an answer is lost after its request was delivered, and cut after some of it', async () => {
  await using opened = await open()
  const { proxy, server, ask } = opened
  await proxy.set('lose')
  await expect(ask()).rejects.toThrow(/ECONNRESET/)
  expect(server.requests).toHaveLength(1)
  await proxy.set('cut')
  await expect(ask()).rejects.toThrow(/terminated|closed/)
  expect(server.requests).toHaveLength(2)
  expect(proxy.cuts).toBe(2)
})

test('a connection breaks where it is to break: as the answer comes, or amid the question, which does not arrive whole', async () => {
  await using opened = await open({
    placeOf: (question) => /breaks in (answer|question)/.exec(question.toString())?.[1] as 'answer' | undefined,
  })
  const { proxy, server, ask } = opened
  expect(await ask('breaks nowhere')).toBe(BODY)
  await expect(ask('breaks in answer')).rejects.toThrow(/ECONNRESET/)
  expect(server.requests).toHaveLength(2)
  await expect(ask('breaks in question')).rejects.toThrow(BROKEN)
  expect(await ask('breaks nowhere again')).toBe(BODY)
  expect(server.requests.map(({ body }) => body)).toEqual([
    'breaks nowhere',
    'breaks in answer',
    'breaks nowhere again',
  ])
  expect(proxy.cuts).toBe(2)
})

test('connections that are reset are replaced by new ones', async () => {
  await using opened = await open()
  const { proxy, agent, ask } = opened
  expect(await ask()).toBe(BODY)
  const disconnected = once(agent, 'disconnect')
  proxy.reset()
  expect(String((await disconnected)[2])).toMatch(/ECONNRESET/)
  expect(await ask()).toBe(BODY)
  expect(proxy.cuts).toBe(0)
})

test('what is stalled arrives when it is let go', async () => {
  await using opened = await open()
  const { proxy, server, ask } = opened
  expect(await ask()).toBe(BODY)
  await proxy.set('stall')
  const answer = ask()
  expect(await Promise.race([answer, sleep(200, 'nothing')])).toBe('nothing')
  expect(server.requests).toHaveLength(1)
  await proxy.lift()
  expect(await answer).toBe(BODY)
})

test('a slow answer arrives whole', async () => {
  await using opened = await open()
  const { proxy, ask } = opened
  await proxy.set('slow')
  expect(await ask()).toBe(BODY)
})

test('a fault is held until its time is over or another takes its place', async () => {
  await using opened = await open()
  const { proxy, ask } = opened
  const first = proxy.hold('refuse', 50)
  await proxy.set('lose')
  await first
  await expect(ask()).rejects.toThrow(/ECONNRESET/)
  await proxy.hold('refuse', 50)
  expect(await ask()).toBe(BODY)
})

test('nobody listens any more once it is gone, though a fault was to end later', async () => {
  await using opened = await open()
  const { proxy, ask } = opened
  const held = proxy.hold('refuse', 50)
  await proxy[Symbol.asyncDispose]()
  await held
  await expect(ask()).rejects.toThrow(/ECONNREFUSED/)
})
