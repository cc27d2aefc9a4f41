import fc from 'fast-check'
import { expect, test } from 'vitest'
import { restrictToOwnScope } from './restrict-to-own-scope.ts'

const member = { isAdmin: false, projectId: 'A', domainId: 'D' }
const filters = fc
  .dictionary(fc.constantFrom('project_id', 'domain_id', 'type', 'flavor'), fc.array(fc.string()))
  .map((entries) => new Map(Object.entries(entries)))

test('an admin is not restricted', () => {
  fc.assert(
    fc.property(filters, (asked) => {
      expect(restrictToOwnScope(asked, { ...member, isAdmin: true }, 'project_id')).toBe(asked)
    }),
  )
})

test('anybody else sees their own scope only, whatever they ask for, and keeps their other filters', () => {
  fc.assert(
    fc.property(filters, (asked) => {
      const restricted = restrictToOwnScope(asked, member, 'project_id')!
      expect(restricted.get('project_id')).toEqual(['A'])
      for (const [name, values] of asked) if (name !== 'project_id') expect(restricted.get(name)).toEqual(values)
    }),
  )
})

test('the caller’s attribute follows the scope key', () => {
  expect(restrictToOwnScope(new Map(), member, 'domain_id')).toEqual(new Map([['domain_id', ['D']]]))
})

test('a token without the attribute sees nothing: null never matches null', () => {
  expect(restrictToOwnScope(new Map(), { ...member, projectId: undefined }, 'project_id')).toBeUndefined()
})
