import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { askControl, type ControlHandler, listenControl } from './control-socket.ts'
import { Fault } from './fault.ts'

const { signal } = new AbortController()

async function listening(handle: ControlHandler) {
  const folder = await mkdtemp(join(tmpdir(), 'control-'))
  const path = join(folder, 'control', 'socket')
  const listener = (await listenControl(path, handle))!
  return {
    path,
    ask: (request: object, options: Partial<Parameters<typeof askControl>[2]> = {}) =>
      askControl(path, request, { onProgress: () => {}, signal, ...options }),
    listener,
    [Symbol.asyncDispose]: async () => {
      await listener[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

test('a request is answered, after its progress, by a socket that is its owner’s alone', async () => {
  await using control = await listening(async (request, tell) => {
    for (const done of [1, 2]) tell({ done })
    return { got: request }
  })
  expect((await stat(control.path)).mode & 0o777).toBe(0o600)
  const progress: object[] = []
  const onProgress = (each: object) => void progress.push(each)
  expect(await control.ask({ a: 'é' }, { onProgress })).toEqual({ done: { got: { a: 'é' } } })
  expect(progress).toEqual([{ done: 1 }, { done: 2 }])
})

test('a fault comes back as the fault that it was', async () => {
  await using control = await listening(() => Promise.reject(new Fault('state.unwritable', 'no room', { path: '/x' })))
  await expect(control.ask({})).rejects.toMatchObject({
    code: 'state.unwritable',
    message: 'no room',
    detail: { path: '/x' },
  })
})

test('who hangs up ends the work', async () => {
  const ended = new AbortController()
  await using control = await listening(async (_request, tell, working) => {
    tell({})
    await aborted(working)
    ended.abort()
  })
  const stop = new AbortController()
  const asked = control.ask({}, { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) })
  await expect(asked).rejects.toThrow('enough')
  await aborted(ended.signal)
})

test('a listener that is closed ends the work and tells so; then nobody listens', async () => {
  const begun = new AbortController()
  await using control = await listening(async (_request, _tell, working) => {
    begun.abort()
    await aborted(working)
    throw working.reason
  })
  const asked = control.ask({})
  await Promise.all([
    expect(asked).rejects.toMatchObject({ code: 'state.unavailable', message: 'the service is stopping' }),
    aborted(begun.signal).then(() => control.listener[Symbol.asyncDispose]()),
  ])
  expect(await control.ask({})).toBeUndefined()
})

test('a listener that dies before it has answered is told as that', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'control-'))
  const dying = createServer((socket) => socket.once('data', () => socket.destroy()))
  dying.listen(join(folder, 'socket'))
  await once(dying, 'listening')
  const asked = askControl(join(folder, 'socket'), {}, { onProgress: () => {}, signal })
  await expect(asked).rejects.toMatchObject({
    code: 'state.unavailable',
    message: expect.stringMatching(/was ended before/),
  })
  await new Promise((resolve) => dying.close(resolve))
  await rm(folder, { recursive: true })
})

test('what is no request is refused', async () => {
  await using control = await listening(async () => 1)
  await expect(control.ask({ long: 'x'.repeat(100_000) })).rejects.toThrow('too long')
})
