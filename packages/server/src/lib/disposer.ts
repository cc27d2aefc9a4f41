/** Owns things that must be closed, and closes them in the reverse order of their coming, each whatever the others do. */
export class Disposer implements AsyncDisposable {
  readonly #owned: (() => PromiseLike<void> | void)[] = []

  use<T extends AsyncDisposable>(thing: T): T {
    this.#owned.push(() => thing[Symbol.asyncDispose]())
    return thing
  }

  defer(close: () => PromiseLike<void> | void): void {
    this.#owned.push(close)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (let close = this.#owned.pop(); close; close = this.#owned.pop()) {
      try {
        await close()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, 'several things could not be closed')
  }
}
