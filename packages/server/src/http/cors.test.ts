import { expect, test } from 'vitest'
import { testApp } from './testing/test-app.ts'

test('an answer to a page says once that it depends on the origin', async () => {
  const app = testApp([], {}, { cors: { allowedOrigins: ['https://horizon.example.net'] } })
  for (const origin of ['https://horizon.example.net', 'https://evil.example.net']) {
    const headers = { origin, 'access-control-request-method': 'PUT' }
    expect((await app.call('OPTIONS', '/v2/scope', { headers })).headers.get('vary')).toBe('Origin')
    expect((await app.call('GET', '/v2/scope', { headers })).headers.get('vary')).toBe('Origin')
  }
})
