// The order in which vitest starts the files: the longest first, so that no long one runs alone at the end; then all others with nodes and
// peers, which wait more than they compute; then the unit tests, which keep every processor busy until the end.

/** Files that take more than half a minute beside others, the longest first. `npm test` names the slowest ones of each run. */
export const longFiles: readonly string[] = [
  'test/scenarios/tutorial.test.ts',
  'test/peers/debian-package.test.ts',
  'test/peers/ansible.test.ts',
  'test/peers/fleet-transport.test.ts',
  'test/peers/status-page.test.ts',
  'test/faults/open-relay.test.ts',
  'test/faults/node-storage.test.ts',
  'test/scenarios/executable.test.ts',
  'test/faults/hostile-smtp.test.ts',
  'test/peers/acme.test.ts',
  'test/scenarios/demo.test.ts',
  'test/faults/node-kill.test.ts',
  'test/peers/passwd-doveadm.test.ts',
  'test/scenarios/commands.test.ts',
]

/** Files with a lower place start earlier. @param file its path below the root */
export function placeOf(project: string, file: string): number {
  if (project === 'unit') return longFiles.length + 1
  const place = longFiles.indexOf(file)
  return place < 0 ? longFiles.length : place
}
