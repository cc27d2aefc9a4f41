import { Counter, type Registry } from 'prom-client'

/** A family of counters for `/metrics`. Labels are of few values each; a family without labels shows its 0 from the start. */
export function countFamily<Label extends string = never>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] })
}
