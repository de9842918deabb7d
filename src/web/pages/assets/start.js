// The first start: lights that turn green by themselves, and buttons that copy what is to be pasted elsewhere.

const LOOK_EVERY_MS = 2000

async function look() {
  const answer = await fetch(location.href)
  if (!answer.ok || answer.redirected) return
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const [now, then] = [page.querySelector('#lights'), document.querySelector('#lights')]
  if (now && now.innerHTML !== then.innerHTML) then.replaceChildren(...now.childNodes)
  // Whatever else is said about what is done.
  const [steps, before] = [page.querySelector('.steps'), document.querySelector('.steps')]
  if (steps && steps.innerHTML !== before.innerHTML && !before.contains(document.activeElement)) before.replaceChildren(...steps.childNodes)
}

async function watch() {
  while (document.querySelector('#lights [data-waits]')) {
    await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
    // Away from the network it is tried again.
    if (!document.hidden) await look().catch(() => {})
  }
}

// Where it is allowed: over TLS, and on this machine.
function offerToCopy() {
  const words = document.querySelector('[data-copy]')?.dataset
  if (!navigator.clipboard || !words) return
  for (const code of document.querySelectorAll('.addresses code')) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet', textContent: words.copy })
    button.setAttribute('aria-label', `${words.copy}: ${code.textContent}`)
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(code.textContent)
      button.textContent = words.copied
    })
    code.after(' ', button)
  }
}

offerToCopy()
watch()
