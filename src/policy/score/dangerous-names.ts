// File names that a person should not get from a stranger: systems run such files, or open them without the usual warnings.

/** Programs, scripts, installers, shortcuts, disk images and settings of Windows, and the same of other systems. */
const endings = [
  'ade adp appx appxbundle bat chm cmd com cpl dll exe hta inf ins isp jar jnlp js jse lib lnk mde msc msi msix',
  'msp mst nsh pif ps1 psm1 reg scr sct settingcontent-ms shb shs sys url vb vbe vbs vhd vhdx vxd wsc wsf wsh xll',
  'img iso application gadget command dmg pkg apk desktop',
].flatMap((row) => row.split(' '))

/** Windows ignores dots and spaces at the end, and marks of direction hide the real end. */
const invisible = /[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

const known: ReadonlySet<string> = new Set(endings)

export function isDangerousName(name: string): boolean {
  const plain = name.replace(invisible, '').replace(/[. ]+$/, '')
  const dot = plain.lastIndexOf('.')
  return dot >= 0 && known.has(plain.slice(dot + 1).toLowerCase())
}
