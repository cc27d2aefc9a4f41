/** A receiver: takes the samples of files that are put into a folder, `[{"name", "at", "value", "labels"}]`, and removes them. */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decimal } from '@cloudtabby/server/domain/decimal'
import { defineReceiver } from '@cloudtabby/server/intake/receiver'
import { option } from '@cloudtabby/server/lib/option'
import { z } from 'zod'

const Samples = z.array(
  z.object({ name: z.string(), at: z.int(), value: z.string(), labels: z.record(z.string(), z.string()) }),
)

export const plugin = defineReceiver({
  name: 'drop_folder',
  options: z.object({
    folder: option.path().default('drop').describe('The folder'),
    look_seconds: option.float({ min: 0.1 }).default(1).describe('How often it is looked at'),
  }),
  create: ({ folder, look_seconds: lookSeconds }, { take }) => ({
    async run(signal) {
      while (!signal.aborted) {
        for (const name of (await readdir(folder)).filter((each) => each.endsWith('.json'))) {
          const file = join(folder, name)
          const samples = Samples.parse(JSON.parse(await readFile(file, 'utf8')))
          await take(samples.map((sample) => ({ ...sample, value: decimal(sample.value) })))
          await rm(file)
        }
        await sleep(lookSeconds * 1000, undefined, { signal }).catch(() => {})
      }
    },
    async [Symbol.asyncDispose]() {},
  }),
})
