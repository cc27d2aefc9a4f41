import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { POLICY_NAMES } from '../../domain/policy-name.ts'
import type { Claims } from '../claims.ts'
import { loadPolicy } from './load-policy.ts'
import { CALLER_KINDS, checkPolicy, policyMatrix, renderPolicyAnswer, renderPolicyMatrix } from './policy-matrix.ts'
import { policyOptions } from './policy-options.ts'
import { Policy, PolicyRefusal } from './policy.ts'
import { temporaryFolder } from '../../lib/testing/temporary-folder.ts'
import { thrownBy } from '../../lib/testing/thrown.ts'

const DEFAULTS = { enforceNewDefaults: true, enforceScope: true }
const LEGACY = { ...DEFAULTS, enforceNewDefaults: false }
const yaml = (text: string) => [{ path: 'policy.yaml', text }]
const who = (policy: Policy, claims: Claims) => ({ ...claims, isAdmin: policy.isAdmin(claims) })
const { admin, reader, unscoped, 'other role': other, 'system admin': systemAdmin } = CALLER_KINDS
const OWN = { projectId: admin.projectId }
const OTHER = { projectId: 'another-project' }

const READABLE = [
  'report:get_summary',
  'report:get_total',
  'storage:list_data_frames',
  'dataframes:get',
  'summary:get_summary',
]
const OPEN = [
  'info:get_config',
  'info:list_metrics_info',
  'info:get_metric_info',
  'info:list_services_info',
  'info:get_service_info',
  'rating:quote',
]

describe('the defaults', () => {
  test('are CloudKitty’s for every kind of caller', () => {
    const rows = policyMatrix(new Policy(DEFAULTS))
    expect(rows.map((row) => row.rule)).toEqual(POLICY_NAMES)
    for (const { rule, may } of rows) {
      const wanted = OPEN.includes(rule)
        ? { admin: 'any', member: 'any', reader: 'any', 'other role': 'any', 'system admin': 'none', unscoped: 'any' }
        : READABLE.includes(rule)
          ? {
              admin: 'any',
              member: 'own',
              reader: 'own',
              'other role': 'none',
              'system admin': 'none',
              unscoped: 'none',
            }
          : {
              admin: 'any',
              member: 'none',
              reader: 'none',
              'other role': 'none',
              'system admin': 'none',
              unscoped: 'none',
            }
      expect([rule, may]).toEqual([rule, wanted])
    }
  })

  test('with enforce_new_defaults = false let any role read its own project, and a token without project nothing', () => {
    for (const { rule, may } of policyMatrix(new Policy(LEGACY))) {
      if (!READABLE.includes(rule)) continue
      expect(may).toEqual({
        admin: 'any',
        member: 'own',
        reader: 'own',
        'other role': 'own',
        'system admin': 'none',
        unscoped: 'none',
      })
    }
  })

  test.each([
    [{ enforceNewDefaults: true, enforceScope: false }, true],
    [{ enforceNewDefaults: true, enforceScope: true }, false],
  ])('with %j a system administrator may: %s', (settings, allowed) => {
    const policy = new Policy(settings)
    for (const name of POLICY_NAMES) expect(policy.allows(who(policy, systemAdmin), name, OWN)).toBe(allowed)
  })

  test('refuse domain-scoped tokens with 403, administrators too', () => {
    const policy = new Policy(DEFAULTS)
    const domainAdmin = who(policy, { ...admin, projectId: undefined, domainId: 'default' })
    expect(() => policy.authorize(domainAdmin, 'rating:list_modules')).toThrow(
      expect.objectContaining({ code: 'policy.forbidden', status: 403, detail: { policy: 'rating:list_modules' } }),
    )
  })

  test('know an administrator by role in any letter case, and by nothing else', () => {
    const policy = new Policy(DEFAULTS)
    expect(policy.isAdmin({ ...reader, roles: ['ADMIN'] })).toBe(true)
    expect(policy.isAdmin({ ...reader, roles: ['admins', 'reader'] })).toBe(false)
    expect(policy.isAdmin(unscoped)).toBe(false)
  })

  test('never let ownership hold without a target', () => {
    const policy = new Policy(LEGACY)
    expect(policy.allows(who(policy, reader), 'summary:get_summary')).toBe(false)
    expect(policy.allows(who(policy, unscoped), 'report:get_total', { projectId: null })).toBe(false)
  })
})

describe('a policy file', () => {
  test('overrides rules by name, and those that refer to them follow', () => {
    const policy = new Policy(
      DEFAULTS,
      yaml(
        'context_is_admin: role:rating_admin\n"rating:quote": "!"\n"scope:get_state": [["role:operator"], "rule:context_is_admin"]\n',
      ),
    )
    const rater = who(policy, { ...reader, roles: ['rating_admin'] })
    expect(rater.isAdmin).toBe(true)
    expect(policy.allows(rater, 'summary:get_summary', OTHER)).toBe(true)
    expect(policy.allows(rater, 'rating:quote')).toBe(false)
    expect(policy.allows(rater, 'scope:get_state')).toBe(true)
    expect(policy.allows(who(policy, { ...reader, roles: ['operator'] }), 'scope:get_state')).toBe(true)
    expect(policy.isAdmin(admin)).toBe(false)
    expect(policy.rules.find((rule) => rule.name === 'rating:quote')).toMatchObject({
      text: '!',
      source: 'policy.yaml:2',
    })
    expect(policy.warnings).toEqual([])
  })

  test('takes the legacy alternative away from the rules it overrides', () => {
    const policy = new Policy(LEGACY, yaml('project_reader_or_admin: rule:context_is_admin'))
    expect(policy.allows(who(policy, other), 'summary:get_summary', OWN)).toBe(false)
  })

  test('may be JSON, and may be empty', () => {
    const policy = new Policy(DEFAULTS, [
      { path: 'a.json', text: '{"rating:quote": "role:member"}' },
      { path: 'b.yaml', text: '# nothing\n' },
      { path: 'c.yaml', text: '' },
    ])
    expect(policy.allows(who(policy, reader), 'rating:quote')).toBe(false)
  })

  test('may have rules of its own, which a later file may change', () => {
    const policy = new Policy(DEFAULTS, [
      {
        path: 'a.yaml',
        text: 'auditors: role:auditor\nsummary:get_summary: rule:auditors or rule:project_reader_or_admin',
      },
      { path: 'b.yaml', text: 'auditors: role:some-other-role' },
    ])
    expect(policy.allows(who(policy, other), 'summary:get_summary', OTHER)).toBe(true)
    expect(policy.warnings).toEqual([])
  })

  test('that is faulty is refused with every line and reason', () => {
    const text = [
      'rating:quote: role:admin and',
      'rating:get_module: rule:context_is_admim',
      'a: rule:b',
      'b: not rule:c',
      'c: role:x or rule:a',
      'report:get_total: http://example.net/',
      'report:get_summary: true',
      'scope:get_state:',
      'scope:reset_state: !',
      '7: role:x',
      'dataframes:add: {role: admin}',
    ].join('\n')
    const fault = thrownBy(() => new Policy(DEFAULTS, yaml(text))) as PolicyRefusal
    expect(fault).toBeInstanceOf(PolicyRefusal)
    expect(fault.code).toBe('config.invalid')
    expect(fault.faults.toSorted((x, y) => x.line - y.line).map(({ line, reason }) => [line, reason])).toEqual([
      [1, expect.stringContaining('missing at the end')],
      [2, "there is no rule 'context_is_admim'; did you mean 'context_is_admin'?"],
      [3, 'refers to itself: a -> b -> c -> a'],
      [6, expect.stringContaining('not supported')],
      [7, 'expected a text or a list (column 1 of the rule)'],
      [8, expect.stringContaining('no rule is given')],
      [9, expect.stringContaining('unquoted !')],
      [10, 'the name of a rule must be a text'],
      [11, 'expected a text or a list (column 1 of the rule)'],
    ])
    expect(fault.message).toContain('policy.yaml:6: report:get_total: ')
  })

  test.each([
    ['a: "role:x\nb: 1', 2],
    ['a: role:x\na: role:y', 2],
    ['a: @', 1],
    ['- role:x', 1],
    ['a: &x role:a\nb: *y', 2],
    ['a: role:x\n---\nb: role:y', 2],
  ])('that is not YAML of rules is refused: %j', (text, line) => {
    const fault = thrownBy(() => new Policy(DEFAULTS, yaml(text))) as PolicyRefusal
    expect(fault.code).toBe('config.invalid')
    expect(fault.faults[0]!.line).toBeLessThanOrEqual(line)
  })

  test('is warned of where it can have no effect, with the nearest name', () => {
    const policy = new Policy(
      DEFAULTS,
      yaml('ratings:quote: role:x\nrating:quote: tenant:%(tenant_id)s or not user_idd:x'),
    )
    expect(policy.warnings).toEqual([
      expect.stringMatching(/^policy\.yaml:1: ratings:quote: no such rule.*did you mean 'rating:quote'\?$/),
      expect.stringContaining("'tenant' is never known of a caller"),
      expect.stringContaining("no target has 'tenant_id'"),
      expect.stringMatching(/'user_idd' is never known.*did you mean 'user_id'\?$/),
    ])
  })
})

describe('the policy is read', () => {
  test('from policy_file, then from the files in policy_dirs, by name', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'policy.d'))
    await writeFile(join(folder.path, 'policy.yaml'), 'rating:quote: role:a\ninfo:get_config: role:a')
    await writeFile(join(folder.path, 'policy.d', '2.yaml'), 'rating:quote: role:c')
    await writeFile(join(folder.path, 'policy.d', '1.yaml'), 'rating:quote: role:b')
    await writeFile(join(folder.path, 'policy.d', '.hidden'), 'rating:quote: [')
    const policy = loadPolicy(policyOptions.parse({}), folder.path)
    const texts = new Map(policy.rules.map((rule) => [rule.name, rule.text]))
    expect([texts.get('rating:quote'), texts.get('info:get_config')]).toEqual(['role:c', 'role:a'])
  })

  test('without any file as the defaults, unless a file is named', async () => {
    await using folder = await temporaryFolder()
    expect(loadPolicy(policyOptions.parse({}), folder.path).warnings).toEqual([])
    const named = policyOptions.parse({ policy_file: 'rules.yaml', enforce_scope: 'false' })
    expect(() => loadPolicy(named, folder.path)).toThrow(expect.objectContaining({ code: 'config.invalid' }))
    await writeFile(join(folder.path, 'rules.yaml'), '')
    const policy = loadPolicy(named, folder.path)
    expect(policy.allows(who(policy, systemAdmin), 'rating:quote')).toBe(true)
  })
})

describe('the policy is shown', () => {
  test('as a table of who may do what', () => {
    const lines = renderPolicyMatrix(policyMatrix(new Policy(DEFAULTS, yaml('rating:quote: role:reader')))).split('\n')
    expect(lines[0]).toMatch(/^rule +admin +member +reader +other role +system admin +unscoped +source +check$/)
    expect(lines).toHaveLength(POLICY_NAMES.length + 1)
    expect(lines.find((line) => line.startsWith('summary:get_summary'))).toMatch(
      /yes +own +own +- +- +- +default +rule:project_reader_or_admin$/,
    )
    expect(lines.find((line) => line.startsWith('rating:quote'))).toMatch(
      /yes +yes +yes +- +- +- +policy.yaml:1 +role:reader$/,
    )
  })

  test('as one answer with the rules it came from', () => {
    const policy = new Policy(DEFAULTS)
    const question = { rule: 'summary:get_summary', claims: reader } as const
    const answer = checkPolicy(policy, question)
    expect(answer).toMatchObject({ allowed: true, isAdmin: false, refusedForScope: false })
    expect(answer.steps.map((step) => [step.rule, step.holds])).toEqual([
      ['summary:get_summary', true],
      ['project_reader_or_admin', true],
      ['project_reader_api', true],
      ['context_is_admin', false],
    ])
    expect(renderPolicyAnswer(question, answer)).toContain('summary:get_summary: allowed (roles: reader)')
    expect(checkPolicy(policy, { ...question, targetProjectId: 'another-project' }).allowed).toBe(false)
  })

  test('with the scope as the reason when the rule itself holds', () => {
    const question = { rule: 'scope:get_state', claims: systemAdmin } as const
    const answer = checkPolicy(new Policy(DEFAULTS), question)
    expect(answer).toMatchObject({ allowed: false, refusedForScope: true })
    expect(renderPolicyAnswer(question, answer)).toContain('enforce_scope')
  })
})
