import { expect, test } from 'vitest'
import { evaluateCheck, type Facts } from './evaluate-check.ts'
import { parseCheck } from './parse-check.ts'

const credentials: Facts['credentials'] = {
  user_id: 'u1',
  project_id: 'p1',
  domain_id: undefined,
  roles: ['Member', 'reader'],
  is_admin: false,
  is_admin_project: true,
}
const rules = new Map([
  ['owner', parseCheck('project_id:%(project_id)s')],
  ['reader', parseCheck('role:reader and rule:owner')],
])
const holds = (text: string, target: Facts['target'] = { project_id: 'p1' }) =>
  evaluateCheck(parseCheck(text), { credentials, target, rules })

test.each([
  ['role:MEMBER', true],
  ['role:member', true],
  ['role:admin', false],
  ['role:%(project_id)s', false],
  ['is_admin:True', false],
  ['is_admin:False', true],
  ['is_admin:false', false],
  ['is_admin_project:True', true],
  ['project_id:p1', true],
  ['project_id:P1', false],
  ['roles:reader', true],
  ['roles:READER', false],
  ["'p1':%(project_id)s", true],
  ["'p2':%(project_id)s", false],
  ['rule:reader', true],
  ['rule:unknown', false],
  ['not rule:unknown', true],
  ['nonsense:p1', false],
  ['constructor:p1', false],
  ['project_id:%(constructor)s', false],
])('%s is %s', (text, held) => expect(holds(text)).toBe(held))

test.each([
  ['no project on either side', { ...credentials, project_id: undefined }, { project_id: null }],
  ['a caller without project', { ...credentials, project_id: undefined }, { project_id: 'p1' }],
  ['a target without project', credentials, { project_id: null }],
  ['no target at all', credentials, {}],
  ['a project called None', { ...credentials, project_id: 'None' }, { project_id: null }],
] satisfies [string, Facts['credentials'], Facts['target']][])('%s: ownership does not hold', (_case, who, target) => {
  expect(evaluateCheck(parseCheck('project_id:%(project_id)s'), { credentials: who, target, rules })).toBe(false)
  expect(evaluateCheck(parseCheck('rule:owner'), { credentials: who, target, rules })).toBe(false)
})
