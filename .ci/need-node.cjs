// Every npm script runs this first, because an older Node.js cannot parse the program. It must run on any Node.js.
'use strict'
const NEEDED = 26
if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `waypost needs Node.js ${NEEDED} or newer, but this is Node.js ${process.versions.node}. ` +
      `Run "npm ci" without --omit=optional, which installs Node.js ${NEEDED} into node_modules, or install Node.js ${NEEDED} on the system.\n`,
  )
  process.exit(2)
}
