import { request as httpRequest } from 'node:http'

export interface Sent {
  readonly status: number | undefined
  /** Undefined when the body is empty. */
  readonly json: unknown
  readonly type: string | undefined
}

/** Sends a JSON body with any method, also GET, which a fetch `Request` cannot; in chunks, so without a length. */
export function sendJson(port: number, method: string, path: string, body: unknown): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        const json: unknown = text === '' ? undefined : JSON.parse(text)
        resolve({ status: response.statusCode, json, type: response.headers['content-type'] })
      })
    })
    request.on('error', reject)
    request.end(JSON.stringify(body))
  })
}
