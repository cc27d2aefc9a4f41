import { Fault } from './fault.ts'

/**
 * Gathers the faults of single scopes, so that all scopes that stand in the way of a batch are known at once and not one after
 * the other. Of several faults of one scope the first is kept.
 */
export class ScopeFaults {
  readonly #faults: Fault[] = []
  readonly #scopeIds = new Set<string>()

  /** Keeps a fault that names scopes, for `throwIfAny`; throws every other error. */
  add(error: unknown): void {
    if (!(error instanceof Fault) || error.scopeIds.length === 0) throw error
    for (const fault of error.parts.length > 0 ? error.parts : [error]) {
      if (fault.scopeIds.every((scopeId) => this.#scopeIds.has(scopeId))) continue
      this.#faults.push(fault)
      for (const scopeId of fault.scopeIds) this.#scopeIds.add(scopeId)
    }
  }

  has(scopeId: string | undefined): boolean {
    return scopeId !== undefined && this.#scopeIds.has(scopeId)
  }

  throwIfAny(): void {
    if (this.together) throw this.together
  }

  /** One fault that names all scopes, with a part for each; undefined when nothing was kept. */
  get together(): Fault | undefined {
    const [first, ...others] = this.#faults
    if (!first || others.length === 0) return first
    const message = `${first.message} (and ${others.length} more such faults of other scopes)`
    return new Fault(first.code, message, first.detail, {
      cause: first,
      scopeIds: [...this.#scopeIds],
      parts: this.#faults,
    })
  }
}
