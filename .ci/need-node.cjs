// Every npm script starts here: an older Node cannot even parse the program, so it says why in words. Must run on any Node.
'use strict'
const NEEDED = 26
if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `waypost needs Node ${NEEDED} or newer, but this is Node ${process.versions.node}. ` +
      `Run a plain "npm ci" (without --omit=optional): it brings its own Node ${NEEDED}; or install Node ${NEEDED} yourself.\n`,
  )
  process.exit(2)
}
