// Every npm script and the wrapper deploy/waypost run this first, because an older Node.js cannot parse the program. It must run on any Node.js.
'use strict'
const NEEDED = 26
if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(
    `waypost needs Node.js ${NEEDED} or newer, but this is Node.js ${process.versions.node}. ` +
      `Run "npm ci" without --omit=optional, which installs Node.js ${NEEDED} into node_modules for npm scripts, or install ` +
      `Node.js ${NEEDED} on the system. For the command waypost, set NODE to the path of Node.js ${NEEDED} (${process.execPath} was used).\n`,
  )
  process.exit(2)
}
// npm runs a script in the folder of package.json, wherever the operator is.
const caller = process.env.INIT_CWD
if (process.env.npm_lifecycle_event === 'waypost' && caller && caller !== process.cwd()) {
  process.stderr.write(
    `npm runs waypost in ${process.cwd()}, not in ${caller}: relative paths start there. ` +
      `Use absolute paths, or the command waypost (deploy/waypost).\n`,
  )
}
