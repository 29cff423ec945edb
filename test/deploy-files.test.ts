// The examples of deploy/ fit together, and the program accepts their configuration: the image, Kubernetes and the unit of the package.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { debianUnit } from '../build/debian-package.ts'
import { createAuthority } from '../src/demo/ca.ts'

const root = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')

describe('the image', () => {
  const lines = read('Dockerfile').split('\n')

  it('has what its Dockerfile copies', () => {
    const ignored = read('.dockerignore').split('\n')
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
    expect(copied.length).toBeGreaterThan(5)
    expect(copied.filter((name) => !ignored.includes(`!${name}`))).toEqual([])
  })

  it('runs as a user without rights, and the executable is all that its last stage has', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))
    expect(last.filter((line) => line.startsWith('COPY ')).map((line) => line.split(' ').at(-1))).toEqual([
      '/usr/local/bin/waypost',
      '/usr/share/waypost/openssl.cnf',
      '/usr/share/doc/waypost/copyright',
    ])
    expect(last).toContain('USER waypost')
    expect(last.some((line) => line.startsWith('HEALTHCHECK'))).toBe(true)
  })
})

type Json = Readonly<Record<string, never>>
interface Workload {
  readonly selector: { readonly matchLabels: Json }
  readonly template: {
    readonly metadata: { readonly labels: Json }
    readonly spec: {
      readonly securityContext: Json
      readonly terminationGracePeriodSeconds: number
      readonly volumes: readonly { readonly name: string }[]
      readonly containers: readonly {
        readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
        readonly securityContext: Json
        readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } }
        readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
      }[]
    }
  }
  readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[]
}

describe('Kubernetes', () => {
  // Kubernetes reads YAML 1.1, in which 0440 is octal.
  const documents = parseAllDocuments(read('deploy/kubernetes/mx.yaml'), { version: '1.1' })
  const byKind = new Map(documents.map((document) => [document.get('kind') as string, document.toJS()]))
  const workload = byKind.get('StatefulSet').spec as Workload
  const pod = workload.template.spec
  const [container] = pod.containers
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-kubernetes-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is valid YAML with the objects of a node', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    expect([...byKind.keys()]).toEqual(['ConfigMap', 'StatefulSet', 'Service', 'NetworkPolicy'])
  })

  it('selects the pods that it makes', () => {
    const labels = workload.template.metadata.labels
    expect(workload.selector.matchLabels).toEqual(labels)
    expect(byKind.get('Service').spec.selector).toEqual(labels)
    expect(byKind.get('NetworkPolicy').spec.podSelector.matchLabels).toEqual(labels)
  })

  it('mounts only volumes that exist, and may write to those that the node writes to', () => {
    const volumes = [...pod.volumes, ...workload.volumeClaimTemplates.map(({ metadata }) => metadata)]
    expect(container?.volumeMounts.map(({ name }) => name).toSorted()).toEqual(
      volumes.map(({ name }) => name).toSorted(),
    )
    expect(container?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(
      expect.arrayContaining(['/var/lib/waypost', '/tmp']),
    )
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false })
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 925, fsGroup: 925 })
    const secrets = pod.volumes.find(({ name }) => name === 'secrets') as unknown as { secret: { defaultMode: number } }
    expect(secrets.secret.defaultMode).toBe(0o440)
    expect(read('Dockerfile')).toContain('--uid 925')
  })

  it('has a configuration that the program accepts, with the ports of probe and service', () => {
    const { data } = byKind.get('ConfigMap')
    const { certificate, key } = createAuthority('Test').issue({ names: ['mx.example.org'], ips: [] })
    for (const name of ['configuration', 'secrets', 'data']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'secrets/tls.crt'), certificate)
    writeFileSync(join(folder, 'secrets/tls.key'), key, { mode: 0o600 })
    writeFileSync(join(folder, 'secrets/srs.secret'), 'a secret only for tests\n', { mode: 0o600 })
    const placed = (text: string) =>
      text
        .replaceAll('/etc/waypost-secrets', join(folder, 'secrets'))
        .replaceAll('/etc/waypost', join(folder, 'configuration'))
        .replaceAll('/var/lib/waypost', join(folder, 'data'))
    for (const [name, text] of Object.entries(data as Record<string, string>))
      writeFileSync(join(folder, 'configuration', name), placed(text))
    const args = [join(root, 'src/main.ts'), 'check', '--offline', '-c', join(folder, 'configuration/node.yaml')]
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')])
    for (const { containerPort } of container?.ports ?? [])
      expect(data['node.yaml']).toContain(`0.0.0.0:${containerPort}"`)
    const names = container?.ports.map(({ name }) => name)
    expect(names).toContain(container?.readinessProbe.httpGet.port)
    expect(names).toContain(byKind.get('Service').spec.ports[0].targetPort)
    // Two drains of 30 s each, and the start of both.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(70)
  })
})

describe('the unit of the Debian package', () => {
  const unit = debianUnit(read('deploy/waypost.service'))

  it('has the paths of a package, and nothing of an installation by hand', () => {
    expect(unit).toContain('ExecStart=/usr/bin/waypost run -c /etc/waypost/node.yaml\n')
    expect(unit).toContain('ConditionPathExists=/etc/waypost/node.yaml\n')
    expect(unit).toContain('EnvironmentFile=-/etc/default/waypost\n')
    expect(unit).not.toMatch(/\/opt|\/usr\/local|NODE_OPTIONS|COMPILE_CACHE|CacheDirectory/)
  })

  it('keeps every restriction', () => {
    const restrictions = (text: string) =>
      text.split('\n').filter((line) => /^(Protect|Private|Restrict|System|No|Capab)/.test(line))
    expect(restrictions(unit)).toEqual(restrictions(read('deploy/waypost.service')))
    expect(restrictions(unit).length).toBeGreaterThan(15)
  })
})
