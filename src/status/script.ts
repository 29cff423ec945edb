// The script of the status page. Everything works without it: it shows a view again after some seconds, and writes times in the zone of
// the reader beside UTC. It is sent as it is here.

export const SCRIPT = `'use strict'
const main = document.getElementById('content')
const seconds = Number(main && main.dataset.refresh)

function localTimes(root) {
  for (const one of root.querySelectorAll('time')) {
    const at = new Date(one.dateTime)
    if (!Number.isNaN(at.getTime())) one.title = at.toLocaleString() + ' (' + one.dateTime + ')'
  }
}

// A reader who types, selects or has the focus in the view keeps it.
function isBusy() {
  const selected = String(getSelection()) !== ''
  return document.hidden || selected || main.contains(document.activeElement) || main.querySelector('details[open]')
}

async function show() {
  if (!isBusy()) {
    try {
      const answer = await fetch(location.href, { credentials: 'same-origin', redirect: 'error' })
      const text = await answer.text()
      const next = new DOMParser().parseFromString(text, 'text/html').getElementById('content')
      if (answer.ok && next && !isBusy()) {
        main.replaceChildren(...next.childNodes)
        main.classList.remove('stale')
        localTimes(main)
      }
    } catch {
      main.classList.add('stale')
    }
  }
  setTimeout(show, seconds * 1000)
}

if (main) {
  localTimes(document)
  if (seconds > 0) setTimeout(show, seconds * 1000)
}
const zone = document.querySelector('.local-zone')
if (zone) zone.textContent = '; your zone is ' + Intl.DateTimeFormat().resolvedOptions().timeZone

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
  if (/^(?:INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return
  const find = document.getElementById('find')
  if (!find) return
  event.preventDefault()
  find.focus()
})
`
