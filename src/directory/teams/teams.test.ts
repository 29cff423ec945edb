// People and teams in TOML as routing data, in the layout of public team repositories.

import { describe, expect, it } from 'vitest'
import { printAddress } from '../address.ts'
import { loadDirectory } from '../load-directory.ts'
import { memoryFiles } from '../files/memory-files.ts'
import { formatProblem } from '../data-problem.ts'

const repository: Readonly<Record<string, string>> = {
  '/r/README.toml': 'not = [looked, at',
  '/r/people/kim.toml': 'name = "Kim"\ngithub = "kim"\ngithub-id = 1\nemail = "kim@home.example.net"\n',
  '/r/people/lee.toml': 'name = "Lee"\nemail = "lee@home.example.net"\n[permissions]\nperf = true\n',
  '/r/people/sam.toml': 'name = "Sam"\nemail = false\n',
  '/r/people/ada.toml': 'name = "Ada"\nemail = "ada@home.example.net"\n',
  '/r/people/zoe.toml': 'name = "Zoe"\n',
  '/r/teams/build.toml': `name = "build"
subteam-of = "infra"
[people]
leads = ["kim"]
members = ["kim", { github = "Lee", roles = ["cohost"] }, "sam"]
alumni = ["nobody-knows"]
[[github]]
orgs = ["x"]
[[lists]]
address = "build@example.org"
extra-emails = ["ci@build.example.net"]
extra-teams = ["release"]
[[lists]]
address = "build-extra"
include-team-members = false
extra-people = ["sam", "kim"]
`,
  '/r/teams/infra.toml': `name = "infra"
[people]
members = ["ada"]
[[lists]]
address = "infra@example.org"
include-subteam-members = true
[[lists]]
address = "infra-only@example.org"
`,
  '/r/teams/release.toml': 'name = "release"\n[people]\nleads = []\nmembers = []\nincluded-teams = ["infra"]\n',
  '/r/teams/deep.toml': 'name = "deep"\nsubteam-of = "build"\n[people]\nmembers = ["ada", "sam"]\n',
}

function load(changes: Readonly<Record<string, string>> = {}, mail: readonly string[] = ['/r']) {
  const files = memoryFiles({ ...repository, ...changes })
  const settings = { mainDomain: 'example.org', mail, scope: { facts: {}, certname: 'n' } }
  const { directory, problems, files: read, folders } = loadDirectory(settings, files)
  const targets = (key: string) => {
    const found = directory?.find(key)
    return found?.kind === 'found' ? found.value.alias?.targets.map(printAddress) : undefined
  }
  return {
    directory,
    read: [...read, ...folders],
    targets,
    problems: problems.map((one) => formatProblem(one).replaceAll('/r/', '')),
  }
}

describe('lists of teams', () => {
  const { targets, problems, directory, read } = load()

  it('load', () => expect(problems).toEqual([]))
  it.each([
    ['build@example.org', ['kim', 'lee', 'ada', 'ci@build.example.net']],
    ['build-extra@example.org', ['kim']],
    ['infra@example.org', ['ada', 'kim', 'lee']],
    ['infra-only@example.org', ['ada']],
  ])('%s', (address, names) => {
    const expected = names.map((name) => (name.includes('@') ? name : `${name}@home.example.net`))
    expect(targets(address)).toEqual(expected)
  })

  it('have their places', () => {
    expect(directory?.find('build-extra@example.org')).toMatchObject({
      value: { alias: { source: '/r/teams/build.toml:14' } },
    })
  })

  it('are watched for changed, added and removed files', () => {
    expect(read).toEqual(expect.arrayContaining(['/r/people/kim.toml', '/r/teams/deep.toml', '/r/people', '/r/teams']))
  })

  it('may be in folders and single files, and beside YAML', () => {
    const { problems: none, targets: same } = load({ '/m.yaml': 'mail::forwards: { kim: kim@home.example.net }\n' }, [
      '/r/teams',
      '/m.yaml',
      '/r/people/kim.toml',
      '/r/people/lee.toml',
      '/r/people/sam.toml',
      '/r/people/ada.toml',
    ])
    expect(none).toEqual([])
    expect(same('build-extra@example.org')).toEqual(['kim@home.example.net'])
  })

  it('may have all members, or the leads of a kind of team', () => {
    const { targets: swept, problems: none } = load({
      '/r/teams/all.toml':
        'kind = "marker-team"\n[people]\ninclude-all-team-members = true\n[[lists]]\naddress = "all"\n',
      '/r/teams/group.toml': 'kind = "working-group"\n[people]\nleads = ["lee"]\nmembers = ["zoe"]\n',
      '/r/teams/leads.toml':
        'kind = "marker-team"\n[people]\ninclude-team-leads = true\n[[lists]]\naddress = "leads"\n',
      '/r/teams/wg-leads.toml':
        'kind = "marker-team"\n[people]\ninclude-wg-leads = true\n[[lists]]\naddress = "wg-leads"\n',
      '/r/teams/alumni.toml': 'kind = "marker-team"\n[people]\ninclude-all-alumni = true\n',
    })
    expect(none).toEqual([])
    const atHome = (names: string[]) => names.map((name) => `${name}@home.example.net`)
    expect(swept('all@example.org')?.toSorted()).toEqual(atHome(['ada', 'kim', 'lee']))
    expect(swept('leads@example.org')).toEqual(atHome(['kim']))
    expect(swept('wg-leads@example.org')).toEqual(atHome(['lee']))
  })

  it('warn once of people without an address, and keep the others', () => {
    const text = list('extra-people = ["zoe"]\n') + '[[lists]]\naddress = "other"\nextra-people = ["zoe"]\n'
    const { problems: told, targets: others } = load({ '/r/teams/new.toml': text })
    expect(told).toEqual([
      'people/zoe.toml:1:1: warning: zoe is on new@example.org but has no email address: write email = "…", or email = false to opt out of lists',
    ])
    expect(others('new@example.org')).toEqual(['kim@home.example.net'])
  })

  it('may use the GitHub names of people', () => {
    const called = { '/r/people/TC.toml': 'github = "TravCr"\nemail = "t@far.example"\n' }
    const { targets: found } = load({ ...called, '/r/teams/new.toml': list('extra-people = ["travcr", "tc"]\n') })
    expect(found('new@example.org')).toEqual(['kim@home.example.net', 't@far.example'])
    expect(load({ '/r/people/other.toml': 'github = "KIM"\nemail = false\n' }).problems).toEqual([
      'people/other.toml:1:10: error: duplicate "KIM", first written at people/kim.toml:1',
    ])
  })

  it('distinguish teams and people in one folder', () => {
    const texts = {
      '/f/a.toml': 'email = "a@far.example"\n',
      '/f/t.toml': '[people]\nmembers = ["a"]\n[[lists]]\naddress = "t"\n',
    }
    expect(load(texts, ['/f']).targets('t@example.org')).toEqual(['a@far.example'])
  })
})

const list = (lines: string, name = 'new') =>
  `name = "${name}"\n[people]\nmembers = ["kim"]\n[[lists]]\naddress = "${name}@example.org"\n${lines}`

describe('errors', () => {
  it.each([
    [
      'an unknown person of a team',
      { '/r/teams/new.toml': 'name = "new"\n[people]\nmembers = ["kim",\n  "kin"]\n' },
      ['teams/new.toml:4:3: error: no person named "kin"'],
    ],
    [
      'an unknown lead',
      { '/r/teams/new.toml': '[people]\nleads = ["kin"]\n' },
      ['teams/new.toml:2:10: error: no person named "kin"'],
    ],
    [
      'an unknown extra person',
      { '/r/teams/new.toml': list('extra-people = ["kin"]\n') },
      ['teams/new.toml:6:17: error: no person named "kin"'],
    ],
    [
      'an unknown team',
      { '/r/teams/new.toml': list('extra-teams = ["biuld"]\n') },
      ['teams/new.toml:6:16: error: no team named "biuld"'],
    ],
    [
      'an unknown parent',
      { '/r/teams/new.toml': 'subteam-of = "over"\n' },
      ['teams/new.toml:1:14: error: no team named "over"'],
    ],
    [
      'an unknown key',
      { '/r/teams/new.toml': list('extra-peeple = ["kim"]\n') },
      [
        'teams/new.toml:6:1: error: unknown key "extra-peeple": expected address, include-team-members, include-subteam-members, extra-people, extra-emails, extra-teams, comment',
      ],
    ],
    [
      'an unknown key of a team',
      { '/r/teams/new.toml': 'subteam = "infra"\n' },
      [expect.stringContaining('teams/new.toml:1:1: error: unknown key "subteam": expected name, kind, subteam-of')],
    ],
    [
      'an unknown key of a person',
      { '/r/people/kim.toml': 'e-mail = "k@far.example"\nemail = "k@far.example"\n' },
      [expect.stringContaining('people/kim.toml:1:1: error: unknown key "e-mail": expected email, name')],
    ],
    [
      'a list without members',
      { '/r/teams/new.toml': list('include-team-members = false\n') },
      [
        'teams/new.toml:5:11: error: list new@example.org of team new has no recipients: it has no members, or all have opted out',
      ],
    ],
    [
      'a list with opted-out members only',
      { '/r/teams/new.toml': list('include-team-members = false\nextra-people = ["sam"]\n') },
      [
        'teams/new.toml:5:11: error: list new@example.org of team new has no recipients: it has no members, or all have opted out',
      ],
    ],
    [
      'an invalid address',
      { '/r/people/kim.toml': 'email = "kim@"\n' },
      ['people/kim.toml:1:9: error: "kim@" is not an address'],
    ],
    [
      'true for an address',
      { '/r/people/kim.toml': 'email = true\n' },
      ['people/kim.toml:1:9: error: "email": expected an address, or false to opt out of lists, found true'],
    ],
    [
      'an encrypted file',
      { '/r/people/kim.toml': 'email = "secrets/kim.age"\n' },
      ['people/kim.toml:1:9: error: "secrets/kim.age" is an encrypted file: write the address in plain text'],
    ],
    [
      'an encrypted address',
      { '/r/teams/new.toml': list('extra-emails = ["encrypted+0123456789abcdef"]\n') },
      ['teams/new.toml:6:17: error: "encrypted+0123456789abcdef" is an encrypted address: write it in plain text'],
    ],
    [
      'a loop of parents',
      { '/r/teams/infra.toml': 'subteam-of = "deep"\n[people]\nmembers = []\n' },
      ['teams/deep.toml:2:14: error: "subteam-of" forms a loop: build → infra → deep → build'],
    ],
    [
      'a team inside itself',
      { '/r/teams/release.toml': 'name = "release"\n[people]\nincluded-teams = ["release"]\n' },
      ['teams/release.toml:3:19: error: "included-teams" forms a loop: release → release'],
    ],
    [
      'alumni',
      { '/r/teams/new.toml': list('').replace('[people]', '[people]\ninclude-all-alumni = true') },
      [
        'teams/new.toml:3:1: error: a list includes the alumni of new: alumni are not tracked; add people that want the mail to "members"',
      ],
    ],
    [
      'a loop through a team with all members',
      {
        '/r/teams/all.toml': 'kind = "marker-team"\n[people]\ninclude-all-team-members = true\n',
        '/r/teams/new.toml': '[people]\nincluded-teams = ["all"]\n',
      },
      ['teams/new.toml:2:19: error: "included-teams" forms a loop: all → new → all'],
    ],
    [
      'an unknown kind of team',
      { '/r/teams/new.toml': 'kind = "gang"\n' },
      ['teams/new.toml:1:8: error: "kind": expected one of team, working-group, project-group, marker-team'],
    ],
    [
      'two teams of one name',
      { '/r/teams/new.toml': 'name = "Infra"\n' },
      ['teams/new.toml:1:8: error: duplicate "Infra", first written at teams/infra.toml:1'],
    ],
    [
      'two lists of one address',
      { '/r/teams/new.toml': list('', 'infra-only') },
      ['teams/new.toml:5:11: error: duplicate "infra-only@example.org", first written at teams/infra.toml:8'],
    ],
    [
      'an address of a foreign domain',
      { '/r/teams/new.toml': list('').replace('new@example.org', 'new@far.example') },
      [
        'teams/new.toml:5:11: error: far.example is not a domain of ours: add it to mail::domains or mail::alias_domains',
      ],
    ],
    [
      'a list without address',
      { '/r/teams/new.toml': '[[lists]]\nextra-people = ["kim"]\n' },
      ['teams/new.toml:1:1: error: a list needs an address'],
    ],
    [
      'a text for a list',
      { '/r/teams/new.toml': '[people]\nmembers = "kim"\n' },
      ['teams/new.toml:2:11: error: "members": expected a list, found "kim"'],
    ],
    [
      'a text for a flag',
      { '/r/teams/new.toml': list('include-team-members = "no"\n') },
      ['teams/new.toml:6:24: error: "include-team-members": expected true or false, found "no"'],
    ],
    [
      'people that are not a table',
      { '/r/teams/new.toml': 'people = ["kim"]\n' },
      ['teams/new.toml:1:10: error: "people": expected a table, found a list'],
    ],
    [
      'a file that is not TOML',
      { '/r/people/kim.toml': 'email: kim@far.example\n' },
      [expect.stringMatching(/^people\/kim\.toml:1:\d+: error: not valid TOML: /)],
    ],
  ])('%s', (_, changes, expected) => {
    const { problems, directory } = load(changes as Readonly<Record<string, string>>)
    expect(problems).toEqual(expected)
    expect(directory).toBeNull()
  })

  it('a file that is neither team nor person', () => {
    expect(load({ '/f/x.toml': 'a = 1\n' }, ['/f']).problems).toEqual([
      '/f/x.toml:1:1: error: neither a team ([people], [[lists]]) nor a person (email)',
    ])
  })
})

describe('attacks', () => {
  const many = (count: number, text: (index: number) => string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`/r/teams/t${index}.toml`, text(index)]))

  it('a long chain of teams ends', () => {
    const chain = many(
      3_000,
      (index) => `[people]\nincluded-teams = ["t${(index + 1) % 3_000 === 0 ? 'none' : index + 1}"]\n`,
    )
    const { problems } = load({ ...chain, '/r/teams/tnone.toml': '' })
    expect(problems).toEqual([expect.stringContaining('more than 50 nested teams ("included-teams")')])
  })

  it('members repeated by many lists are counted', () => {
    const names = Array.from({ length: 1_500 }, (_, index) => `"p${index}"`)
    const people = Object.fromEntries(names.map((name) => [`/r/people/${name.slice(1, -1)}.toml`, 'email = false\n']))
    const lists = Array.from(
      { length: 800 },
      (_, index) => `[[lists]]\naddress = "l${index}"\nextra-emails = ["x@far.example"]\n`,
    )
    const team = `[people]\nmembers = [${names.join(', ')}]\n${lists.join('')}`
    expect(load({ ...people, '/r/teams/t.toml': team }).problems).toEqual([
      expect.stringContaining('teams and lists expand to too many members'),
    ])
  })
})
