import type { Principal } from '../domain/principal.ts'

/** What a token says; whether it makes an administrator is for the policy to tell. */
export type Claims = Omit<Principal, 'isAdmin'>
