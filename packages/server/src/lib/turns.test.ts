import { setImmediate as settled } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { faultIn } from './fault.ts'
import { type Turn, type TurnLimits, Turns } from './turns.ts'

const never = new AbortController().signal

/** Questions by name, and which of them have had their turn so far. */
function desk(limits: Partial<TurnLimits> = {}, now?: () => number) {
  const turns = new Turns({ light: 2, dear: 1, waitingMax: 100, waitingOfAllMax: 100, ...limits }, now)
  const served: string[] = []
  const ask = async (client: string, name = client, signal = never): Promise<Turn> => {
    const turn = await turns.take(client, signal)
    served.push(name)
    return turn
  }
  return { turns, served, ask }
}

test('a second question of one client waits for the first, and others pass', async () => {
  const { served, ask } = desk()
  const first = await ask('a', 'a1')
  const second = ask('a', 'a2')
  await ask('b')
  expect(served).toEqual(['a1', 'b'])
  first.end()
  await second
  expect(served).toEqual(['a1', 'b', 'a2'])
})

test('a dear question gives its place to light ones, and holds up dear ones only', async () => {
  const { served, ask } = desk({ light: 1 })
  const dear = await ask('a')
  await dear.becomeDear()
  const another = await ask('b')
  let isDear = false
  const waiting = another.becomeDear().then(() => (isDear = true))
  const light = await ask('c')
  light.end()
  await settled()
  expect([served, isDear]).toEqual([['a', 'b', 'c'], false])
  dear.end()
  await waiting
})

test('whose client used least goes first, however late it came and however many wait', async () => {
  let now = 0
  const { served, ask } = desk({ light: 1 }, () => now)
  const hog = await ask('hog')
  now += 5000
  hog.end()
  const held = await ask('x')
  const waiting = [ask('hog'), ask('hog', 'hog2'), ask('modest')]
  held.end()
  ;(await waiting[2]!).end()
  ;(await waiting[0]!).end()
  await waiting[1]
  expect(served).toEqual(['hog', 'x', 'modest', 'hog', 'hog2'])
})

test('what was used long ago counts no more', async () => {
  let now = 0
  const { served, ask } = desk({ light: 1 }, () => now)
  for (const [client, used] of [
    ['long ago', 60_000],
    ['just now', 1000],
  ] as const) {
    const turn = await ask(client)
    now += used
    turn.end()
    now += client === 'long ago' ? 300_000 : 0
  }
  const held = await ask('x')
  const waiting = [ask('just now'), ask('long ago')]
  held.end()
  ;(await waiting[1]!).end()
  await waiting[0]
  expect(served.slice(3)).toEqual(['long ago', 'just now'])
})

test('between rest and end the place is free, and the client’s next question waits', async () => {
  const { served, ask } = desk({ light: 1 })
  const first = await ask('a', 'a1')
  const second = ask('a', 'a2')
  first.rest()
  const other = await ask('b')
  other.end()
  await settled()
  expect(served).toEqual(['a1', 'b'])
  first.end()
  first.end()
  await second
})

test('who gives up leaves the queue, and what they held goes on', async () => {
  const { turns, ask } = desk({ light: 1, waitingMax: 1 })
  const first = await ask('a')
  const leaving = new AbortController()
  const second = ask('a', 'a2', leaving.signal)
  leaving.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  const dear = await turns.take('b', leaving.signal).catch((error: unknown) => error)
  expect(dear).toEqual(new Error('enough'))
  const third = ask('a', 'a3')
  first.end()
  ;(await third).end()
  const gone = new AbortController()
  const holder = await ask('a')
  await holder.becomeDear()
  const waiting = await ask('c', 'c', gone.signal)
  const becoming = waiting.becomeDear()
  gone.abort(new Error('left'))
  await expect(becoming).rejects.toThrow('left')
  waiting.end()
  holder.end()
  await (await ask('c')).becomeDear()
})

test('more questions of one client than may wait are refused, those of others are not', async () => {
  const { turns, ask } = desk({ waitingMax: 2 })
  await ask('a')
  const waiting = [ask('a'), ask('a')]
  const refused = await turns.take('a', never).catch(faultIn)
  expect(refused).toMatchObject({ code: 'request.too_many', status: 429, retryAfterSeconds: 1 })
  await ask('b')
  expect(waiting).toHaveLength(2)
})

test('when as many questions of all clients wait as may, the next one is refused, and taken as soon as one has its turn', async () => {
  const { turns, ask } = desk({ light: 1, waitingOfAllMax: 3 })
  const first = await ask('a')
  const waiting = ['b', 'c', 'd'].map((client) => ask(client))
  const refused = await turns.take('e', never).catch(faultIn)
  expect(refused).toMatchObject({ code: 'request.busy', status: 503, retryAfterSeconds: 5 })
  first.end()
  await waiting[0]
  void ask('e')
  expect(await turns.take('f', never).catch(faultIn)).toMatchObject({ code: 'request.busy' })
})
