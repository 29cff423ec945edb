// Paths of files that systemd gives to a unit (`LoadCredential=`, systemd.exec(5)). The variable is in the environment of the unit only, so a
// command of an operator finds the folder of the unit that deploy/ has.

const PREFIX = '${CREDENTIALS_DIRECTORY}/'
const UNIT_FOLDER = '/run/credentials/waypost.service'

/** The path with the folder of the credentials, if it starts with the variable; else as it is. */
export function credentialPath(
  file: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  if (!file.startsWith(PREFIX)) return file
  const folder = environment['CREDENTIALS_DIRECTORY'] ?? UNIT_FOLDER
  return `${folder}/${file.slice(PREFIX.length)}`
}
