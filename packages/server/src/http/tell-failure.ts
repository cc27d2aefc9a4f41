/**
 * The same stream, but its failure goes to whoever is told, and not on: when `cut` has ended the connection, nobody is left to
 * hear of it. Without `cut` the reader gets the error.
 */
export function tellFailure(
  body: ReadableStream<Uint8Array>,
  { failed, cut }: { readonly failed: (error: unknown) => void; readonly cut: (() => void) | undefined },
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (error) {
        failed(error)
        cut?.()
        if (cut) controller.close()
        else controller.error(error)
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
