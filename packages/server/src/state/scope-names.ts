/** What the scopes of one configuration have in common: the attribute that names them, who finds them and who asks for their usage. */
export interface ScopeNames {
  readonly scopeKey: string
  readonly fetcher: string
  readonly collector: string
}
