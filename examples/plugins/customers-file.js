/** A fetcher: the scopes are the lines of a text file, which is read again each time. */
import { readFile } from 'node:fs/promises'
import { defineFetcher } from '@cloudtabby/server/fetchers/fetcher'
import { option } from '@cloudtabby/server/lib/option'
import { z } from 'zod'

export const plugin = defineFetcher({
  name: 'customers_file',
  options: z.object({ file: option.path().default('customers.txt').describe('One scope a line') }),
  create: ({ file }) => ({
    async scopes(signal) {
      const lines = (await readFile(file, { encoding: 'utf8', signal })).split('\n').map((line) => line.trim())
      return [...new Set(lines.filter((line) => line !== ''))]
    },
    async [Symbol.asyncDispose]() {},
  }),
})
