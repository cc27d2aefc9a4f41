import { Agent, request as httpRequest } from 'node:http'
import type { Called } from './test-app.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

/** Sends any bytes with any method, also a body with GET, which a fetch `Request` cannot carry. */
export function sendRaw(
  port: number,
  method: string,
  path: string,
  { body = '', headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<Called> {
  return new Promise((resolve, reject) => {
    const chunked = 'transfer-encoding' in headers
    const all = chunked ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
    const options = { agent, host: '127.0.0.1', port, method, path, headers: all }
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const entries = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)])
        resolve({ status: response.statusCode ?? 0, headers: new Headers(entries), text, json: toJson(text) })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

export function sendJson(port: number, method: string, path: string, body: unknown): Promise<Called> {
  return sendRaw(port, method, path, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
